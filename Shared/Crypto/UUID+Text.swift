import Foundation

private let hexDigits: StaticString = "0123456789abcdef"

extension UUID {
    /// The 36 lower-case characters, without the cost of `uuidString.lowercased()`.
    public var text: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            writeText(to: UnsafeMutableRawBufferPointer(buffer))
            return 36
        }
    }

    /// Appends the 36 lower-case characters to a buffer of UTF-8.
    public func appendText(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: 36, alignment: 1) { buffer in
            writeText(to: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    private func writeText(to buffer: UnsafeMutableRawBufferPointer) {
        let digits = hexDigits.utf8Start
        withUnsafeBytes(of: uuid) { bytes in
            var position = 0
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    buffer[position] = 0x2D
                    position += 1
                }
                buffer[position] = digits[Int(bytes[index] >> 4)]
                buffer[position + 1] = digits[Int(bytes[index] & 15)]
                position += 2
            }
        }
    }

    /// The id whose 36 characters, of either case, are these UTF-8 bytes; nil for anything else.
    public init?(text: some ContiguousBytes) {
        let value: uuid_t? = text.withUnsafeBytes { text in
            guard text.count == 36 else { return nil }
            var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            let isValid = withUnsafeMutableBytes(of: &value) { bytes in
                var position = 0
                for index in 0..<16 {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        guard text[position] == 0x2D else { return false }
                        position += 1
                    }
                    guard let high = text[position].hexValue, let low = text[position + 1].hexValue else {
                        return false
                    }
                    bytes[index] = high << 4 | low
                    position += 2
                }
                return true
            }
            return isValid ? value : nil
        }
        guard let value else { return nil }
        self.init(uuid: value)
    }

    /// The id with this text of 36 characters of either case; nil for anything else.
    public init?(text: String) {
        var text = text
        let parsed = text.withUTF8 { UUID(text: UnsafeRawBufferPointer($0)) }
        guard let parsed else { return nil }
        self = parsed
    }
}
