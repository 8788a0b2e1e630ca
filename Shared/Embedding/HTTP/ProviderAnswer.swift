import Foundation
import JSON

/// What an endpoint has answered to some texts.
struct ProviderAnswer {
    /// For each text its vector of unit length, or why there is none.
    let vectors: [Result<[Float], VectorFault>]
    /// How many tokens the endpoint has read; nil where it does not say.
    let tokens: Int?
}

/// Why an answer has no vector for a text.
struct VectorFault: Error, Equatable {
    let message: String
}

/// The answer is no answer to a request for vectors: whoever sent it may do better the next time.
struct UnreadableAnswer: Error {
    let reason: String
}

extension ProviderAnswer {
    /// The most numbers that a vector may have.
    static let mostDimensions = 16_384

    /// Counts outside of this are none.
    private static let saneTokens = 0...(1 << 32)

    /// The most bytes that an answer can need, in the longest spelling of numbers and with room around them.
    static func mostBytes(texts: Int, dimensions: Int?) -> Int {
        65_536 + texts * (1024 + 40 * (dimensions ?? mostDimensions))
    }

    /// Reads `{"data": [{"index": 0, "embedding": …}, …], "usage": {"total_tokens": 1}}`.
    ///
    /// Which text a vector belongs to is said by its `index` alone; two for one text are none.
    ///
    /// - Parameters:
    ///   - count: how many texts were asked for.
    ///   - dimensions: how many numbers a vector has to have; nil takes any number.
    init(_ bytes: [UInt8], count: Int, dimensions: Int?) throws(UnreadableAnswer) {
        let json = try Self.parse(bytes)
        guard let data = json["data"]?.arrayValue else {
            throw UnreadableAnswer(reason: ProviderMessage(json).map { "it says: \($0.text)" } ?? "it has no data")
        }
        var vectors = [Result<[Float], VectorFault>?](repeating: nil, count: count)
        for entry in data {
            guard let index = entry["index"]?.intValue, vectors.indices.contains(index) else { continue }
            if vectors[index] == nil {
                vectors[index] = Result { () throws(VectorFault) in
                    try UnitVector.of(entry["embedding"] ?? .null, dimensions: dimensions)
                }
            } else {
                vectors[index] = .failure(VectorFault(message: "the answer has two vectors for the text"))
            }
        }
        self.vectors = vectors.map { $0 ?? .failure(VectorFault(message: "the answer has no vector for the text")) }
        tokens = json["usage"]?["total_tokens"]?.intValue.flatMap { Self.saneTokens.contains($0) ? $0 : nil }
    }

    private static func parse(_ bytes: [UInt8]) throws(UnreadableAnswer) -> JSON {
        do {
            return try JSON.parse(bytes, maxDepth: 16)
        } catch {
            // Python's servers write numbers that are none as words, which are no JSON: only their texts shall suffer.
            do { return try JSON.parse(bytes.withoutBareWords, maxDepth: 16) } catch {
                throw UnreadableAnswer(reason: "it is not JSON")
            }
        }
    }
}

extension [UInt8] {
    /// The same with `null` for every `NaN`, `Infinity` and `-Infinity` outside of strings.
    fileprivate var withoutBareWords: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var isInString = false
        var index = 0
        while index < count {
            let byte = self[index]
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            if isInString, byte == UInt8(ascii: "\\"), index + 1 < count {
                result += [byte, self[index + 1]]
                index += 2
            } else if !isInString, let word = Self.bareWords.first(where: { self[index...].starts(with: $0) }) {
                result += Array("null".utf8)
                index += word.count
            } else {
                result.append(byte)
                index += 1
            }
        }
        return result
    }

    private static let bareWords = ["NaN", "-NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }
}

/// What an endpoint says is wrong, wherever its kind of server puts it.
struct ProviderMessage {
    /// The most characters that are shown.
    private static let length = 300

    /// All of it, whatever is in it.
    let text: String

    init?(_ json: JSON) {
        let error = json["error"]
        guard
            let text = error?["message"]?.stringValue ?? error?.stringValue ?? json["message"]?.stringValue
                ?? json["detail"]?.stringValue
        else { return nil }
        self.text = text
    }

    /// Of the body of an answer: its message, else the beginning of what it is.
    init(body: [UInt8]) {
        // What is no JSON, such as a proxy's page, is shown as it is.
        if let json = try? JSON.parse(body, maxDepth: 16), let message = ProviderMessage(json) {
            self = message
        } else {
            text = String(decoding: body, as: UTF8.self)
        }
    }

    /// One line, and not a long one.
    static func clipped(_ text: String) -> String {
        let line = text.unicodeScalars.prefix(4 * length).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        let words = String(String.UnicodeScalarView(line)).split(separator: " ").joined(separator: " ")
        return String(String.UnicodeScalarView(words.unicodeScalars.prefix(length)))
    }
}
