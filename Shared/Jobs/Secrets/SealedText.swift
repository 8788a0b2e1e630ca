import Crypto

/// The form of a sealed string: `sealed:v1:` and base64url of what `SecretBox` makes of the namespace, a zero byte and the string.
///
/// The namespace is sealed with it, so that what was sealed in one namespace does not open in another.
enum SealedText {
    /// What no client's secret may begin with; later versions will stay below it.
    static let reserved = "sealed:"
    private static let prefix = "sealed:v1:"

    static func isSealed(_ text: String) -> Bool { text.hasPrefix(reserved) }

    static func seal(_ text: String, namespace: String, with box: SecretBox) -> String {
        prefix + Base64URL.encode(box.seal(Array(namespace.utf8) + [0] + Array(text.utf8)))
    }

    /// The string; nil when it was sealed with another key or for another namespace, or is damaged.
    static func open(_ text: String, namespace: String, with box: SecretBox) -> String? {
        let owner = Array(namespace.utf8) + [0]
        guard text.hasPrefix(prefix), let sealed = Base64URL.decode(String(text.dropFirst(prefix.count))),
            let secret = box.open(sealed), secret.starts(with: owner)
        else { return nil }
        return String(validating: secret.dropFirst(owner.count), as: UTF8.self)
    }
}

/// What readers see in the place of secrets.
public enum Redaction {
    /// The text that stands for a secret.
    public static let mask = "***"

    private static let marker = Array("\"sealed:v1:".utf8)
    /// How far a search may go on when this byte stands where the marker would end.
    private static let skips = {
        var skips = [Int](repeating: marker.count, count: 256)
        for (index, byte) in marker.dropLast().enumerated() { skips[Int(byte)] = marker.count - 1 - index }
        return skips
    }()

    /// The same JSON text with the mask in the place of every sealed string.
    ///
    /// Nothing is parsed, so that it also holds for text that was cut off. It knows a sealed string by its form alone: whatever becomes of a
    /// type and its schema, what was sealed is not shown. One search over the text is all it costs where nothing is sealed.
    public static func hide(_ json: [UInt8]) -> [UInt8] {
        guard var start = find(in: json, from: 0) else { return json }
        var shown: [UInt8] = []
        var copied = 0
        while true {
            shown += json[copied...start]
            shown += Array(mask.utf8)
            copied = json[(start + marker.count)...].firstIndex { !isDigit($0) } ?? json.count
            guard let next = find(in: json, from: copied) else { return shown + json[copied...] }
            start = next
        }
    }

    /// The search of Boyer, Moore and Horspool: most bytes are not even looked at.
    private static func find(in json: [UInt8], from start: Int) -> Int? {
        let (marker, skips) = (marker, skips)
        var end = start + marker.count
        while end <= json.count {
            if json[(end - marker.count)..<end].elementsEqual(marker) { return end - marker.count }
            end += skips[Int(json[end - 1])]
        }
        return nil
    }

    /// Of base64url.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
