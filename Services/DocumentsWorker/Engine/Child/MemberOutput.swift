import Markup

/// Writes the members of a collection, within what is left of the limits of its tree.
struct MemberOutput {
    private let writer = ResultWriter()
    private var members: Int
    private var bytes: Int
    /// Whether a member of unknown size was cut by the limit: nothing can be written any more.
    private(set) var isFull = false
    private var hasFallenShort = false

    init(_ request: ChildRequest) {
        members = request.members
        bytes = request.memberBytes
    }

    /// Begins a member; false when there may be no further one.
    mutating func begin(_ name: String, type: String? = nil) -> Bool {
        guard members > 0, !isFull else {
            fallShort(isFull ? .membersTooLarge : ExtractionError(.tooManyMembers, ""))
            return false
        }
        members -= 1
        writer.beginMember(Member.label(name), type)
        return true
    }

    /// Whether a member that says to have this many bytes could be written.
    func hasRoom(for size: Int) -> Bool { size <= bytes }

    /// Writes the next bytes of a member; false when they are over the limit.
    mutating func write(_ piece: UnsafeRawBufferPointer) -> Bool {
        guard piece.count <= bytes else {
            isFull = true
            return false
        }
        bytes -= piece.count
        writer.memberContent(piece)
        return true
    }

    /// Writes all of a member and ends it; `read` gives its pieces until one is refused, and answers false when it cannot be read.
    mutating func copy(of format: String, _ read: ((UnsafeRawBufferPointer) -> Bool) -> Bool) {
        let isRead = read { write($0) }
        end(isFull ? .membersTooLarge : isRead ? nil : .corrupt(format, "a part of it cannot be read"))
    }

    /// Ends a member: it is whole, or of no use for a reason.
    func end(_ failure: ExtractionError? = nil) { writer.endMember(failure) }

    /// Says that not all members came; the first reason is the one that counts.
    mutating func fallShort(_ reason: ExtractionError) {
        if !hasFallenShort { writer.shortfall(reason) }
        hasFallenShort = true
    }
}

extension ExtractionError {
    /// Of a member, or of all together; the worker says by which limit.
    static let membersTooLarge = ExtractionError(.tooLarge, "")
}
