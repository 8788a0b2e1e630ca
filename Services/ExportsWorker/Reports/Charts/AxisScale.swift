import Foundation

/// The ends of an axis and the values that it is labelled with: steps of 1, 2 or 5 by a power of ten (Heckbert, "Nice Numbers for Graph Labels", in Graphics
/// Gems).
struct AxisScale: Sendable {
    let from: Double
    let to: Double
    private let step: Double

    /// A scale that holds both values.
    ///
    /// - Parameter isWhole: whether no step is smaller than 1.
    init(from least: Double, to most: Double, isWhole: Bool) {
        // A single value stands in the middle; what no step can tell apart has none.
        let range = most - least
        let margin = range > 0 ? 0 : max(abs(least) * 0.5, 1)
        let (low, high) = (least - (least == 0 ? 0 : margin), most + margin)
        let wanted = Self.nice((high - low) / 4)
        step = isWhole ? max(1, wanted) : wanted
        from = (low / step).rounded(.down) * step
        to = (high / step).rounded(.up) * step
    }

    /// The labelled values.
    var ticks: [Double] {
        let count = ((to - from) / step).rounded()
        guard count.isFinite, count < 20 else { return [from, to] }
        return (0...Int(count)).map { from + Double($0) * step }
    }

    /// How far along the axis a value is, from 0 to 1.
    func part(of value: Double) -> Double { to > from ? value / (to - from) - from / (to - from) : 0.5 }

    private static func nice(_ step: Double) -> Double {
        let power = pow(10, floor(log10(step)))
        let part = step / power
        return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power
    }
}
