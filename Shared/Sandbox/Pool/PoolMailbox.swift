import Synchronization

/// Orders to the pool's thread, and the descriptor that wakes it.
final class PoolMailbox: Sendable {
    enum Order: Sendable {
        case read(PageRead)
        case cancel(UInt64)
        /// End all children, then call back.
        case close(@Sendable () -> Void)
    }

    let wakeup = EventDescriptor()
    private let state = Mutex((orders: [Order](), lastID: UInt64(0), hasEnded: false))

    func nextID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// False when the thread has ended: nobody will take the order.
    func post(_ order: Order) -> Bool {
        let isTaken = state.withLock { state in
            if !state.hasEnded { state.orders.append(order) }
            return !state.hasEnded
        }
        wakeup.signal()
        return isTaken
    }

    /// Takes all orders, in the order of their arrival.
    func take() -> [Order] {
        state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
    }

    /// Refuses orders from now on; answers those that came before.
    func end() -> [Order] {
        state.withLock { state in
            state.hasEnded = true
            defer { state.orders = [] }
            return state.orders
        }
    }
}
