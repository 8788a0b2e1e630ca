/// Why a document gave no text, and what to do about it.
public struct ExtractionError: Error, Equatable, CustomStringConvertible {
    /// The kind of failure; the raw value is what the API shows.
    public enum Code: String, Sendable, CaseIterable {
        /// A password is needed, or the document forbids copying its text.
        case encrypted
        /// The bytes are not a whole document of the format that they claim.
        case corrupt
        /// A format that the worker does not read.
        case unsupported
        /// Text, Markdown or inflated parts grew over their limit.
        case tooLarge = "too_large"
        /// More documents inside a document than the limit.
        case tooManyMembers = "too_many_members"
        /// Documents in documents, deeper than the limit.
        case tooDeep = "too_deep"
        /// More pages than the limit.
        case tooManyPages = "too_many_pages"
        /// Out of wall time or processor time.
        case timedOut = "timed_out"
        /// Out of the child's memory.
        case outOfMemory = "out_of_memory"
        /// A signal ended the child.
        case crashed
        /// A sound document without any text.
        case empty
        /// The file cannot be opened or is not a regular file.
        case unreadable
        /// The task was cancelled.
        case cancelled
        /// The worker itself cannot parse: a program is missing or the sandbox cannot be set up. Worth a retry.
        case unavailable
    }

    /// The kind of failure.
    public let code: Code
    /// A sentence for people that says what to do.
    public let message: String
    /// The detected media type, when it is known.
    public let mediaType: String?
    /// The signal that ended the child, when `code` is `crashed`.
    public let signal: Int32?

    /// Makes an error.
    public init(_ code: Code, _ message: String, mediaType: String? = nil, signal: Int32? = nil) {
        self.code = code
        self.message = message
        self.mediaType = mediaType
        self.signal = signal
    }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}

extension ExtractionError {
    package static func unsupported(_ mediaType: String, hint: String? = nil) -> ExtractionError {
        let hint = hint ?? "convert it to PDF, DOCX, ODT, HTML, Markdown or plain text"
        return ExtractionError(.unsupported, "\(mediaType) is not supported: \(hint)", mediaType: mediaType)
    }

    package static func tooLarge(_ what: String, limit: Int) -> ExtractionError {
        ExtractionError(.tooLarge, "\(what) over the limit of \(limit) bytes: split the document or raise the limit")
    }

    package static func encrypted(mediaType: String) -> ExtractionError {
        ExtractionError(
            .encrypted, "the document needs a password: save it without one and upload it again", mediaType: mediaType)
    }

    package static func tooManyPages(limit: Int, mediaType: String) -> ExtractionError {
        ExtractionError(
            .tooManyPages, "over the limit of \(limit) pages: split the document or raise the limit",
            mediaType: mediaType)
    }

    package static func tooManyMembers(limit: Int) -> ExtractionError {
        ExtractionError(
            .tooManyMembers, "over the limit of \(limit) documents inside one: split it, or unpack it and upload them")
    }

    package static func tooDeep(limit: Int) -> ExtractionError {
        ExtractionError(.tooDeep, "documents over \(limit) deep in each other are not read: unpack the outer ones")
    }

    package static func corrupt(_ format: String, _ detail: String) -> ExtractionError {
        ExtractionError(.corrupt, "not a sound \(format) document (\(detail)): save it again and upload the new file")
    }

    package static let empty = ExtractionError(
        .empty, "the document has no text; of a scanned one, too, no words could be read")
    package static let cancelled = ExtractionError(.cancelled, "the extraction was cancelled")
    package static let outOfMemory = ExtractionError(
        .outOfMemory, "parsing needs more memory than the limit: split the document or raise the limit")

    package static func timedOut(_ what: String) -> ExtractionError {
        ExtractionError(.timedOut, "parsing ran out of \(what): split the document or raise the limit")
    }

    package static func crashed(signal: Int32) -> ExtractionError {
        ExtractionError(
            .crashed, "the parser was ended by signal \(signal): the document is damaged or hostile; save it again",
            signal: signal)
    }

    package static func unavailable(_ detail: String) -> ExtractionError {
        ExtractionError(.unavailable, "the worker cannot parse documents: \(detail)")
    }
}
