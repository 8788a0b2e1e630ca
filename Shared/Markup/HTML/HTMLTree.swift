import CGumbo

/// The tree that gumbo makes of an HTML text, which repairs what browsers repair; freed at once, whatever its depth.
package struct HTMLTree: ~Copyable {
    /// What one tree may cost.
    package struct Limits: Sendable {
        /// Memory of the tree in bytes; 0 is without limit.
        package var memoryBytes = 0
        /// Processor time of the parse in milliseconds, for what neither size nor depth tells; 0 is without limit.
        package var milliseconds = 0
        /// How deep elements may lie in each other; the tags of deeper ones are passed over, their text stays. 0 is without limit.
        package var depth = 0

        /// No limits: for a process of its own that has them.
        package init() {}

        /// Limits for a process that reads many texts.
        package init(memoryBytes: Int, milliseconds: Int, depth: Int) {
            self.memoryBytes = memoryBytes
            self.milliseconds = milliseconds
            self.depth = depth
        }
    }

    /// By how much a text grows as a tree, in most cases.
    private static let growth = 12
    private static let leastBlock = 64 << 10
    private static let mostBlock = 4 << 20

    private let arena: UnsafeMutablePointer<GumboArena>
    /// The element `html`. It and all below it are valid while the tree lives.
    package let root: HTMLNode

    /// Parses UTF-8; throws `out_of_memory` or `timed_out` when that costs more than the limits.
    package init(_ text: UnsafeBufferPointer<UInt8>, limits: Limits = Limits()) throws(ExtractionError) {
        let arena = UnsafeMutablePointer<GumboArena>.allocate(capacity: 1)
        let costs = GumboArenaLimits(
            block_size: min(max(text.count * Self.growth, Self.leastBlock), Self.mostBlock),
            memory: limits.memoryBytes, time: UInt64(limits.milliseconds) * 1_000_000)
        var failure: Int32 = 0
        let flattened = limits.depth > 0 ? HTMLDepth.flattened(text, limit: limits.depth) : nil
        let root =
            if let flattened {
                flattened.withUnsafeBufferPointer { Self.parse($0, arena, costs, &failure) }
            } else {
                Self.parse(text, arena, costs, &failure)
            }
        guard let root else {
            arena.deallocate()
            throw Int(failure) == GUMBO_ARENA_LATE ? .timedOut("the time of a page") : .outOfMemory
        }
        self.arena = arena
        self.root = HTMLNode(root)
    }

    deinit {
        gumbo_arena_free(arena)
        arena.deallocate()
    }

    private static func parse(
        _ text: UnsafeBufferPointer<UInt8>, _ arena: UnsafeMutablePointer<GumboArena>, _ limits: GumboArenaLimits,
        _ failure: inout Int32
    ) -> UnsafeMutablePointer<GumboNode>? {
        text.withMemoryRebound(to: CChar.self) {
            gumbo_arena_parse(arena, $0.baseAddress, $0.count, limits, &failure)?.pointee.root
        }
    }
}

extension HTMLTree {
    /// Parses a text; see `init(_:limits:)` for bytes.
    package init(_ text: String, limits: Limits = Limits()) throws(ExtractionError) {
        self = try text.utf8.span.withUnsafeBufferPointer { (bytes) throws(ExtractionError) in
            try HTMLTree(bytes, limits: limits)
        }
    }
}
