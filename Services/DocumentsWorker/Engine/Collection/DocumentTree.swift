import Markup
import Synchronization

/// A document with all that it holds, at every depth, and what that may be together.
///
/// The members of a tree are read one after the other: how far the limits reach is the same whenever it is read.
final class DocumentTree: Sendable {
    /// How many members, and of how many bytes, may still come.
    struct Allowance {
        var members: Int
        var bytes: Int
    }

    private let limits: ExtractionLimits
    private let left: Mutex<Allowance>

    init(limits: ExtractionLimits) {
        self.limits = limits
        left = Mutex(Allowance(members: limits.maxMembers, bytes: limits.memberBytes))
    }

    /// What a document at this depth may hold; the document that was given in has depth 0.
    func allowance(atDepth depth: Int) -> Allowance {
        depth < limits.maxDepth ? left.withLock { $0 } : Allowance(members: 0, bytes: 0)
    }

    func spend(members: Int, bytes: Int) {
        left.withLock { left in
            left.members -= members
            left.bytes -= bytes
        }
    }

    /// Why members are missing, in terms of the whole tree: a child knows only what was left for it.
    func explain(_ shortfall: ExtractionError, atDepth depth: Int) -> ExtractionError {
        switch shortfall.code {
        case .tooManyMembers, .tooLarge:
            if depth >= limits.maxDepth { return .tooDeep(limit: limits.maxDepth) }
            return shortfall.code == .tooLarge
                ? .tooLarge("all members together are", limit: limits.memberBytes)
                : .tooManyMembers(limit: limits.maxMembers)
        default: return shortfall
        }
    }
}

/// Where in a tree a document stands.
struct TreePlace: Sendable {
    let tree: DocumentTree
    let depth: Int
}
