import Foundation
import Synchronization

/// Time-ordered ids (RFC 9562, version 7).
public enum UUIDv7 {
    /// The last stamp that was given out: 48 bits of Unix milliseconds above 12 bits of their fraction.
    private static let last = Atomic<UInt64>(0)

    /// A new id, greater than every id that this process made before; safe from any thread.
    ///
    /// The 12 bits after the milliseconds are their fraction (RFC 9562, section 6.2, method 3), so that ids of several processes
    /// sort by their time to a quarter of a microsecond. Where that is not fine enough, the stamp runs ahead of the clock.
    public static func generate() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return UUID(stamp: nextStamp(atLeast: clockStamp()), random: generator.next())
    }

    /// The lowest id of this time, which no id made from then on is below.
    public static func lowest(at time: Date) -> UUID {
        let milliseconds = UInt64(max(0, time.timeIntervalSince1970 * 1000))
        return UUID(stamp: milliseconds << 12, random: 0)
    }

    /// When a version 7 id was made, in whole milliseconds; nil for other versions.
    public static func date(of id: UUID) -> Date? {
        let b = id.uuid
        guard b.6 >> 4 == 7 else { return nil }
        let high = UInt64(b.0) << 40 | UInt64(b.1) << 32 | UInt64(b.2) << 24
        let milliseconds = high | UInt64(b.3) << 16 | UInt64(b.4) << 8 | UInt64(b.5)
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// The smallest id of a time, to whole milliseconds: every id made then or later is not less.
    public static func first(at date: Date) -> UUID {
        let stamp = UInt64(max(0, date.timeIntervalSince1970 * 1000)) << 12
        return UUID(high: (stamp >> 12) << 16 | 0x7000, low: 0)
    }

    /// The id that always belongs to this name beside another id, of the same time as that one: for what a repeated attempt must find again, and
    /// lists show in the order of its making.
    public static func named(_ name: String, beside id: UUID) -> UUID {
        let high = withUnsafeBytes(of: id.uuid) { $0.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        let digest = withUnsafeBytes(of: UUID(name: name, namespace: id).uuid) { Array($0) }
        let low = digest[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return UUID(high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x7000, low: low)
    }

    private static func nextStamp(atLeast now: UInt64) -> UInt64 {
        var seen = last.load(ordering: .relaxed)
        while true {
            let stamp = max(now, seen + 1)
            let (exchanged, original) = last.weakCompareExchange(
                expected: seen, desired: stamp, ordering: .relaxed)
            if exchanged { return stamp }
            seen = original
        }
    }

    private static func clockStamp() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let (milliseconds, fraction) = UInt64(time.tv_nsec).quotientAndRemainder(dividingBy: 1_000_000)
        return (UInt64(time.tv_sec) * 1000 + milliseconds) << 12 | (fraction << 12) / 1_000_000
    }
}

extension UUID {
    fileprivate init(stamp: UInt64, random: UInt64) {
        let high = (stamp >> 12) << 16 | 0x7000 | stamp & 0xFFF
        self.init(high: high, low: random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    fileprivate init(high: UInt64, low: UInt64) {
        self = withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    /// The id that always belongs to this name within this namespace: the first bytes of SHA-256 over both, marked as version 8.
    ///
    /// Use it for things that a repeated attempt must find again, such as an artifact of a job.
    public init(name: String, namespace: UUID) {
        var input = withUnsafeBytes(of: namespace.uuid) { Array($0) }
        input.append(contentsOf: name.utf8)
        let digest = sha256(input)
        let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        self.init(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
