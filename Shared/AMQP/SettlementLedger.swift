/// Which deliveries of a channel are unsettled, and the fewest frames that settle what is asked.
struct SettlementLedger {
    /// A frame to send.
    enum Action: Hashable {
        case acknowledge(tag: UInt64, multiple: Bool)
        case reject(tag: UInt64, requeue: Bool)
    }

    private enum Mark {
        case unsettled
        /// Asked for, not yet sent.
        case asked(Settlement)
        /// Told to the broker.
        case settled
    }

    private var window = TagWindow<Mark>()
    private var asked: [UInt64] = []
    /// Deliveries that the broker counts against the prefetch, after the next `drain`.
    private(set) var unsettled = 0

    /// A delivery came; the broker numbers them without gaps. Answers false when it did not.
    mutating func deliver(_ tag: UInt64) -> Bool {
        guard tag == window.nextTag else { return false }
        window.append(.unsettled)
        unsettled += 1
        return true
    }

    /// Asks to settle a delivery; one that is settled already is ignored.
    mutating func settle(_ tag: UInt64, _ settlement: Settlement) {
        guard window.contains(tag), case .unsettled = window[tag] else { return }
        window[tag] = .asked(settlement)
        asked.append(tag)
        unsettled -= 1
    }

    /// What to send for everything asked since the last time.
    ///
    /// Acknowledgements at the old end, below which nothing is unsettled, become one frame; the rest go one by one.
    mutating func drain() -> [Action] {
        guard !asked.isEmpty else { return [] }
        var actions: [Action] = []
        var run: (last: UInt64, count: Int)?
        func flush() {
            if let run { actions.append(.acknowledge(tag: run.last, multiple: run.count > 1)) }
            run = nil
        }
        scan: while let mark = window.first {
            let tag = window.firstTag
            switch mark {
            case .unsettled: break scan
            case .settled: break
            case .asked(.acknowledge): run = (tag, (run?.count ?? 0) + 1)
            case .asked(let other):
                flush()
                actions.append(.reject(tag: tag, requeue: other == .requeue))
            }
            window.removeFirst()
        }
        flush()
        for tag in asked where window.contains(tag) {
            guard case .asked(let settlement) = window[tag] else { continue }
            window[tag] = .settled
            actions.append(
                settlement == .acknowledge
                    ? .acknowledge(tag: tag, multiple: false) : .reject(tag: tag, requeue: settlement == .requeue))
        }
        asked.removeAll(keepingCapacity: true)
        return actions
    }

    /// Forgets everything, as on a new channel.
    mutating func reset() { self = SettlementLedger() }
}
