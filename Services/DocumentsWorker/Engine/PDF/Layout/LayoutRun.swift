import Markup

extension ExtractionJob {
    /// Runs a program that tells where words stand and the child that lays them out, both to their ends; the end is that of the program,
    /// unless it is the other's that was not well.
    func layout(
        _ request: ChildRequest, on file: Int32? = nil, by reader: ChildRequest,
        deadline: ContinuousClock.Instant? = nil, into collector: PageCollector
    ) async throws(ExtractionError) -> ChildEnd {
        guard let conduit = Conduit() else { throw .unavailable("there are no descriptors left for a pipe") }
        async let layout = Result { () async throws(ExtractionError) in
            try await child(reader, deadline: deadline, conduit: conduit.reader) { collector.append($0) }
        }
        let words = await Result { () async throws(ExtractionError) in
            try await child(request, on: file, deadline: deadline, conduit: conduit.writer) { _ in .more }
        }
        let end = try await layout.get()
        switch end.cause {
        case .exited(0): return try words.get()
        // A page that is too much for it is stepped over like one that is too much for the program.
        case .stopped, .helperLost, .signalled: return end
        default:
            if end.ranOutOfMemory { return end }
            throw .unavailable("the layout of pages ended with \(end.cause)")
        }
    }
}
