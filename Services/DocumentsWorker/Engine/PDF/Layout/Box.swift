/// A rectangle on a page, in points from its upper left corner.
public struct Box: Sendable, Equatable, Codable {
    /// The distance of its left side from the page's.
    public var left: Double
    /// The distance of its upper side from the page's.
    public var top: Double
    /// The distance of its right side from the page's left.
    public var right: Double
    /// The distance of its lower side from the page's upper.
    public var bottom: Double

    /// Makes a rectangle.
    public init(left: Double, top: Double, right: Double, bottom: Double) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
    }

    /// The smallest rectangle around all of them; nil when there is none.
    init?(around boxes: some Sequence<Box>) {
        var all: Box?
        for box in boxes { all = all?.union(box) ?? box }
        guard let all else { return nil }
        self = all
    }

    /// In points.
    public var width: Double { right - left }
    /// In points.
    public var height: Double { bottom - top }
    var middle: Double { (top + bottom) / 2 }

    /// The smallest rectangle around both.
    func union(_ other: Box) -> Box {
        Box(
            left: min(left, other.left), top: min(top, other.top), right: max(right, other.right),
            bottom: max(bottom, other.bottom))
    }

    /// Its place on a page of this size that is turned upside down.
    func turnedOver(width: Double, height: Double) -> Box {
        Box(left: width - right, top: height - bottom, right: width - left, bottom: height - top)
    }

    /// How much of the height they share.
    func sharedHeight(with other: Box) -> Double { min(bottom, other.bottom) - max(top, other.top) }

    /// Whether both stand on one line of text.
    func isBeside(_ other: Box) -> Bool {
        sharedHeight(with: other) > 0.5 * min(height, other.height)
    }
}
