import Synchronization

/// The switchboard on which a test sets what goes wrong.
public final class FaultBoard: Sendable {
    private struct Entry {
        let method: String?
        let path: [String]
        var skipped: Int
        let fault: Fault

        func fits(_ method: String, _ segments: [String]) -> Bool {
            guard self.method == nil || self.method == method else { return false }
            var rest = segments[...]
            for part in path {
                if part == "**" { return true }
                guard let segment = rest.popFirst(), part == "*" || part == segment else { return false }
            }
            return rest.isEmpty
        }
    }

    private let state = Mutex<[Entry]>([])

    /// Lets one request go wrong: the `nth` of those that fit, counted from now on.
    ///
    /// - Parameters:
    ///   - method: the method in capitals; any when nil.
    ///   - path: the path without its query; `*` stands for one part of it, `**` for all that is left.
    ///   - nth: from 1.
    public func inject(method: String? = nil, path: String = "**", nth: Int = 1, _ fault: Fault) {
        let parts = path.split(separator: "/").map(String.init)
        state.withLock { $0.append(Entry(method: method, path: parts, skipped: nth - 1, fault: fault)) }
    }

    /// Forgets the faults that have not happened.
    public func clear() { state.withLock { $0 = [] } }

    /// How many faults have not happened.
    public var pending: Int { state.withLock { $0.count } }

    /// The fault for a request that has come, if there is one.
    func take(method: String, segments: [String]) -> Fault? {
        state.withLock { entries in
            var taken: Int?
            for index in entries.indices where entries[index].fits(method, segments) {
                if entries[index].skipped > 0 {
                    entries[index].skipped -= 1
                } else if taken == nil {
                    taken = index
                }
            }
            return taken.map { entries.remove(at: $0).fault }
        }
    }
}
