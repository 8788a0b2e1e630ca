import CMalloc

/// How a process takes memory from the system.
public enum ProcessMemory {
    /// Lets threads share so many of malloc's arenas; by default there are eight for each core (mallopt(3), `M_ARENA_MAX`).
    ///
    /// Where large values pass from thread to thread, each arena keeps the room of the largest that it ever held. It is a wish: nothing
    /// depends on it.
    public static func limitArenas(to count: Int) { _ = mallopt(M_ARENA_MAX, Int32(clamping: count)) }
}
