import Sandbox
import Testing

@Suite struct FrameTests {
    @Test func valuesComeBack() throws {
        var writer = FrameWriter()
        writer.append(UInt8(7))
        writer.append(UInt32.max)
        writer.append(UInt64(1) << 63 | 5)
        writer.append("Grüße, 🌍")
        writer.append(nil as String?)
        writer.append("")
        writer.append([1, 2, 3] as [UInt8])
        writer.append(list: ["a", nil, "c"]) { $0.append($1) }
        var reader = FrameReader(writer.bytes)
        #expect(try reader.readUInt8() == 7)
        #expect(try reader.readUInt32() == .max)
        #expect(try reader.readUInt64() == 1 << 63 | 5)
        #expect(try reader.readText() == "Grüße, 🌍")
        #expect(try reader.readText() == nil)
        #expect(try reader.readText() == "")
        #expect(try Array(reader.readBytes()) == [1, 2, 3])
        let list = try reader.readList(limit: 3) { reader throws(FrameError) in try reader.readText() }
        #expect(list == ["a", nil, "c"])
        try reader.finish()
    }

    @Test func integersAreLittleEndian() {
        var writer = FrameWriter()
        writer.append(UInt32(0x0102_0304))
        #expect(writer.bytes == [4, 3, 2, 1])
    }

    /// Every beginning of a frame is too short for its last value.
    @Test func aShortFrameIsAnError() throws {
        var writer = FrameWriter()
        writer.append(UInt64(9))
        writer.append("text")
        for length in 0..<writer.bytes.count {
            var reader = FrameReader(Array(writer.bytes.prefix(length)))
            #expect(throws: FrameError.endsEarly) {
                _ = try reader.readUInt64()
                _ = try reader.readText()
            }
        }
    }

    @Test(arguments: [
        ([0xFE, 0xFF, 0xFF, 0xFF, 1], FrameError.endsEarly), ([2, 0, 0, 0, 1], .endsEarly), ([1, 0, 0], .endsEarly),
    ])
    func aLengthOverTheFrameIsAnError(bytes: [UInt8], error: FrameError) {
        var reader = FrameReader(bytes)
        #expect(throws: error) { _ = try reader.readBytes() }
        var other = FrameReader(bytes)
        #expect(throws: error) { _ = try other.readText() }
    }

    @Test(arguments: [([0xFF, 0xFF, 0xFF, 0xFF, 1], 1 << 32 - 1), ([3, 0, 0, 0, 1, 2, 3], 3), ([4, 0, 0, 0, 1], 4)])
    func aListOverItsLimitIsAnError(bytes: [UInt8], count: Int) {
        var reader = FrameReader(bytes)
        #expect(throws: FrameError.tooManyElements(count)) {
            _ = try reader.readList(limit: 2) { reader throws(FrameError) in try reader.readUInt8() }
        }
    }

    @Test func bytesAfterTheLastValueAreAnError() {
        #expect(throws: FrameError.hasMore(bytes: 2)) { try FrameReader([1, 2]).finish() }
    }

    @Test func textThatIsNoUTF8IsRepaired() throws {
        var reader = FrameReader([2, 0, 0, 0, 0xFF, 0x41])
        #expect(try reader.readText() == "\u{FFFD}A")
    }

    /// Whatever bytes come, they are read or refused.
    @Test func noBytesTrap() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let length = Int.random(in: 0..<24, using: &random)
            var reader = FrameReader((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next() & random.next()) })
            do throws(FrameError) {
                while true {
                    _ = try reader.readUInt8()
                    _ = try reader.readText()
                    _ = try reader.readList(limit: 100) { reader throws(FrameError) in try reader.readBytes() }
                }
            } catch {
                #expect(error == .endsEarly || String(describing: error).hasPrefix("tooManyElements"))
            }
        }
    }
}
