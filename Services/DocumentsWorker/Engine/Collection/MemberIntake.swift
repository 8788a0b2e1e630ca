import Markup

/// Takes the members that a child writes into one file; the child is not trusted with how many or how large they are.
struct MemberIntake {
    private let place: TreePlace
    private let allowance: DocumentTree.Allowance
    private var file: UnnamedFile?
    private var open: (name: String, type: String?, start: Int)?
    private var members: [Member] = []
    /// Where the next byte goes.
    private var end = 0
    private var bytes = 0
    private var shortfall: ExtractionError?
    /// Whether the document is one that holds others, be it none.
    private var isCollection = false
    /// Why this machine could not take them.
    private(set) var failure: ExtractionError?

    init(_ place: TreePlace, allowance: DocumentTree.Allowance) {
        self.place = place
        self.allowance = allowance
    }

    // Each of these answers false when the child does what no sound one would, or when it is in vain to go on.

    mutating func begin(_ name: String, _ type: String) -> Bool {
        guard open == nil, members.count < allowance.members else { return false }
        open = (name, type.isEmpty ? nil : type, end)
        isCollection = true
        return true
    }

    mutating func take(_ piece: ArraySlice<UInt8>) -> Bool {
        bytes += piece.count
        guard open != nil, bytes <= allowance.bytes else { return false }
        do throws(ExtractionError) {
            if file == nil { file = try UnnamedFile() }
            try file?.write(piece, at: end)
            end += piece.count
            return true
        } catch {
            failure = error
            return false
        }
    }

    mutating func finish(_ failure: ExtractionError?) -> Bool {
        guard let (name, type, start) = open else { return false }
        open = nil
        let content: Result<SpooledContent, ExtractionError>
        if let failure {
            content = .failure(place.tree.explain(failure, atDepth: place.depth))
            end = start
        } else if let file {
            let inside = TreePlace(tree: place.tree, depth: place.depth + 1)
            content = .success(SpooledContent(file: file, range: start..<end, place: inside))
        } else {
            content = .failure(.empty)
        }
        members.append(Member(name: name, declaredType: type, content: content))
        return true
    }

    mutating func fallShort(_ reason: ExtractionError) {
        shortfall = place.tree.explain(reason, atDepth: place.depth)
        isCollection = true
    }

    /// Counts what came, once the child has ended.
    func settle() { place.tree.spend(members: members.count, bytes: bytes) }

    /// Nil for a document that holds no others.
    var contents: Contents? { isCollection ? Contents(members: members, shortfall: shortfall) : nil }
}
