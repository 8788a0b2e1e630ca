import Foundation
import Jobs

/// The URLs of one host that wait, as its owner holds them: a few ahead, in order, and those to be tried once more.
struct HostQueue {
    static let ahead = 64

    /// What there is to do now.
    enum Next {
        case url(FrontierURL)
        /// Nothing in memory: look into the database after this place.
        case load(after: FrontierURL.Position)
        /// Nothing before then, unless something ends that is under way.
        case wait(until: ContinuousClock.Instant?)
        case finished
    }

    private var loaded: [FrontierURL] = []
    private var position = FrontierURL.Position.start
    /// Whether there was nothing after the position when somebody looked, and nothing has ended since.
    private var isDry = false
    private var retries: [(due: ContinuousClock.Instant, url: FrontierURL)] = []
    /// Those that were loaded and have not ended.
    private var held: Set<Int64> = []

    /// How many have been given out and have not ended, those that wait for another try aside.
    private(set) var underWay = 0

    mutating func next(at now: ContinuousClock.Instant) -> Next {
        if let index = retries.indices.min(by: { retries[$0].due < retries[$1].due }), retries[index].due <= now {
            underWay += 1
            return .url(retries.remove(at: index).url)
        }
        if let url = loaded.popLast() {
            underWay += 1
            return .url(url)
        }
        if !isDry { return .load(after: position) }
        if underWay > 0 || !retries.isEmpty { return .wait(until: retries.map(\.due).min()) }
        guard position == .start else {
            // What others have found meanwhile may stand before the place where it went on.
            position = .start
            return .load(after: position)
        }
        return .finished
    }

    /// Takes what the database has after the position.
    mutating func load(_ urls: [FrontierURL]) {
        if let last = urls.last { position = last.position }
        let new = urls.filter { !held.contains($0.id) }
        held.formUnion(new.map(\.id))
        loaded = new.reversed()
        isDry = urls.isEmpty
    }

    /// Puts one back that cannot be begun yet: it stays the next.
    mutating func putBack(_ url: FrontierURL) {
        underWay -= 1
        loaded.append(url)
    }

    /// One has ended.
    mutating func end(_ url: FrontierURL) {
        underWay -= 1
        held.remove(url.id)
        isDry = false
    }

    /// One is to be tried once more.
    mutating func retry(_ url: FrontierURL, at due: ContinuousClock.Instant) {
        underWay -= 1
        retries.append((due, url))
    }
}
