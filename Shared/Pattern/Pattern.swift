import CPCRE2

/// A regular expression that a client wrote, in the syntax of PCRE2, with a bound on what one match may cost.
///
/// An expression can be written so that matching takes time that grows with a power of the text's length; what passes the bound
/// does not match. It is compiled once and used from any thread.
public final class Pattern: Sendable {
    /// The longest expression, in bytes.
    public static let maxLength = 1000
    /// The most steps of one match, and how deep it may nest (pcre2api, `pcre2_set_match_limit`).
    private static let (mostSteps, mostHeap): (UInt32, UInt32) = (100_000, 4096)

    /// Compiled code does not change, and is shared between threads as pcre2api allows; freed once, with its only owner.
    private struct Code: @unchecked Sendable { let pointer: OpaquePointer }

    private let code: Code

    /// Compiles an expression.
    ///
    /// - Throws: `PatternError` with what is wrong and where.
    public init(_ text: String) throws(PatternError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maxLength else {
            throw PatternError(message: "it is longer than \(Self.maxLength) bytes", offset: Self.maxLength)
        }
        var (fault, offset): (Int32, Int) = (0, 0)
        // Without \C, which could split a character, and without callouts there is nothing in an expression that reaches outside.
        let options = PCRE2_UTF | UInt32(PCRE2_NEVER_BACKSLASH_C)
        guard let compiled = pcre2_compile_8(bytes, bytes.count, options, &fault, &offset, nil) else {
            throw PatternError(message: Self.message(fault), offset: offset)
        }
        code = Code(pointer: compiled)
    }

    deinit { pcre2_code_free_8(code.pointer) }

    /// Whether a part of the text matches.
    public func matches(_ text: String) -> Bool {
        guard let context = pcre2_match_context_create_8(nil), let data = pcre2_match_data_create_8(1, nil) else {
            return false
        }
        defer {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }
        pcre2_set_match_limit_8(context, Self.mostSteps)
        pcre2_set_heap_limit_8(context, Self.mostHeap)
        var text = text
        return text.withUTF8 { bytes in
            // Zero stands for a match with more groups than there is room for.
            pcre2_match_8(code.pointer, bytes.baseAddress, bytes.count, 0, 0, data, context) >= 0
        }
    }

    private static func message(_ fault: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(fault, &bytes, bytes.count)
        return length > 0 ? String(decoding: bytes.prefix(Int(length)), as: UTF8.self) : "fault \(fault)"
    }
}

/// An expression that cannot be compiled.
public struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in a clause.
    public let message: String
    /// Where, in bytes from its start.
    public let offset: Int

    /// What is wrong and where.
    public var description: String { "\(message) (at byte \(offset))" }
}
