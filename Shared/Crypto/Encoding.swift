import CSodium

/// Lower-case hexadecimal.
public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two lower-case digits for each byte.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digits[Int(byte >> 4)]
                buffer[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }

    /// The bytes, or nil unless the text is pairs of hexadecimal digits of either case.
    public static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { digits in
            guard digits.count.isMultiple(of: 2) else { return nil }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(digits.count / 2)
            for index in stride(from: 0, to: digits.count, by: 2) {
                guard let high = digits[index].hexValue, let low = digits[index + 1].hexValue else { return nil }
                bytes.append(high << 4 | low)
            }
            return bytes
        }
    }
}

extension UInt8 {
    /// The value of an ASCII hexadecimal digit of either case.
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}

/// Base64 with the URL-safe alphabet and no padding (RFC 4648, section 5).
public enum Base64URL {
    private static let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING

    /// The text of the bytes.
    public static func encode(_ bytes: [UInt8]) -> String {
        Sodium.start()
        // libsodium also writes a terminating zero, so it needs one byte more than the text has.
        let capacity = sodium_base64_encoded_len(bytes.count, variant)
        var text = [CChar](repeating: 0, count: capacity)
        sodium_bin2base64(&text, capacity, bytes, bytes.count, variant)
        return text.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
    }

    /// The bytes, or nil unless the whole text is canonical unpadded base64url.
    public static func decode(_ text: String) -> [UInt8]? {
        Sodium.start()
        var bytes = [UInt8](repeating: 0, count: text.utf8.count / 4 * 3 + 3)
        var count = 0
        // Without an end pointer, libsodium refuses text that goes on after the last digit.
        let status = sodium_base642bin(
            &bytes, bytes.count, text, text.utf8.count, nil, &count, nil, variant)
        return status == 0 ? Array(bytes[..<count]) : nil
    }
}
