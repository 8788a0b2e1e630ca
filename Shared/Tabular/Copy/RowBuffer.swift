/// The bytes of one row while it is written: whoever begins a row makes room for all of it once, so that no append has to look.
struct RowBuffer: ~Copyable {
    private var base = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
    private var capacity = 4096
    private(set) var count = 0

    deinit { base.deallocate() }

    /// What was written; valid until the next change.
    var bytes: Bytes { Bytes(start: base, count: count) }

    mutating func removeAll() { count = 0 }

    /// Makes room for so many bytes more.
    mutating func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(count + more, capacity * 2)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        assert(count < capacity, "no room was made for the row")
        base[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(contentsOf text: Bytes) {
        assert(count + text.count <= capacity, "no room was made for the row")
        guard let start = text.baseAddress else { return }
        (base + count).update(from: start, count: text.count)
        count += text.count
    }

    /// Appends a text with the escapes of `COPY` (PostgreSQL's documentation of COPY, "Text Format"); it takes twice its length at most.
    mutating func append(escaped text: Bytes) {
        assert(count + text.count * 2 <= capacity, "no room was made for the row")
        var target = base + count
        for byte in text {
            if byte > 0x0D && byte != 0x5C {
                target.pointee = byte
                target += 1
                continue
            }
            let letter: UInt8 =
                switch byte {
                case 0x09: UInt8(ascii: "t")
                case 0x0A: UInt8(ascii: "n")
                case 0x0D: UInt8(ascii: "r")
                case 0x5C: byte
                default: 0
                }
            if letter != 0 {
                target.pointee = 0x5C
                target += 1
            }
            target.pointee = letter == 0 ? byte : letter
            target += 1
        }
        count = target - base
    }

    /// Appends a number with so many digits, zeros in front.
    mutating func append(decimal value: Int, digits: Int) {
        var rest = value
        for index in stride(from: count + digits - 1, through: count, by: -1) {
            base[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }
}
