/// A place; `y` grows downwards.
public struct Point: Sendable, Hashable {
    /// From the left.
    public var x: Double
    /// From the top.
    public var y: Double

    /// Makes a point.
    public init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
}

/// A width and a height.
public struct Size: Sendable, Hashable {
    /// From side to side.
    public var width: Double
    /// From top to bottom.
    public var height: Double

    /// Makes a size.
    public init(width: Double, height: Double) { (self.width, self.height) = (width, height) }
}

/// A rectangle by its top left corner.
public struct Rectangle: Sendable, Hashable {
    /// Its left side.
    public var x: Double
    /// Its upper side.
    public var y: Double
    /// From side to side.
    public var width: Double
    /// From top to bottom.
    public var height: Double

    /// Makes a rectangle.
    public init(x: Double, y: Double, width: Double, height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
}

/// A color by its parts of red, green and blue, from 0 to 1.
public struct Color: Sendable, Hashable {
    /// How much red.
    public let red: Double
    /// How much green.
    public let green: Double
    /// How much blue.
    public let blue: Double

    /// Makes a color of `0xRRGGBB`.
    public init(_ hex: UInt32) {
        func part(_ shift: UInt32) -> Double { Double((hex >> shift) & 0xFF) / 255 }
        (red, green, blue) = (part(16), part(8), part(0))
    }
}

/// How text looks.
public struct TextStyle: Sendable, Hashable {
    /// In points.
    public var size: Double
    /// Whether it is bold.
    public var isBold: Bool
    /// Its color.
    public var color: Color
    /// Whether it ends at the far side of its width.
    public var isTrailing: Bool

    /// Makes a style.
    public init(size: Double, isBold: Bool = false, color: Color, isTrailing: Bool = false) {
        (self.size, self.isBold, self.color, self.isTrailing) = (size, isBold, color, isTrailing)
    }
}

/// Which part of a text is at its point.
public enum TextAnchor: String, Sendable { case start, middle, end }
