/// How much the stack does in a second, and how much a program does alone, on the same files in the same minutes.
struct Contest: Sendable {
    private static let rounds = 3

    /// Units of work per second of each round.
    private(set) var stack: [Double] = []
    private(set) var other: [Double] = []
    /// What is done in a round: pages or files.
    let units: Int
    /// The program and its version.
    let program: String

    /// The stack's median as a share of the program's.
    var ratio: Double { median(stack) / median(other) }

    /// Has both sides do the work in turn, three times; each answers the seconds that it took.
    init(
        units: Int, against program: String, stack: () throws -> Double, other: () throws -> Double
    ) rethrows {
        self.units = units
        self.program = program
        for round in 0..<Self.rounds {
            // Whoever goes first finds a warmer or colder machine, so the sides take turns at that too.
            for isStack in round % 2 == 0 ? [false, true] : [true, false] {
                if isStack {
                    self.stack.append(Double(units) / (try stack()))
                } else {
                    self.other.append(Double(units) / (try other()))
                }
            }
        }
    }
}

/// The seconds that the body takes.
func seconds(of body: () throws -> Void) rethrows -> Double {
    let start = monotonicNanoseconds()
    try body()
    return seconds(from: start, to: monotonicNanoseconds())
}
