/// The statements that one connection has prepared: the most recently used 256, by text and types.
struct PreparedStatements {
    /// What tells prepared statements apart. Values are not part of it.
    struct Key: Hashable {
        let sql: String
        let parameters: [Statement.Parameter]

        init(_ statement: Statement) {
            sql = statement.sql
            parameters = statement.parameters
        }

        static func == (one: Key, other: Key) -> Bool {
            one.sql == other.sql && one.parameters.elementsEqual(other.parameters) { $0.type == $1.type }
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(sql)
            hasher.combine(parameters.count)
        }
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    private var lastName = 0
    /// What the server still holds but nobody will use again.
    private(set) var abandoned: [String] = []

    init(capacity: Int = 256) { self.capacity = capacity }

    /// The statement's name in the server, and whether it has to be prepared first.
    mutating func name(for key: Key) -> (name: String, isNew: Bool) {
        clock += 1
        if let index = entries.index(forKey: key) {
            entries.values[index].lastUse = clock
            return (entries.values[index].name, false)
        }
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            abandon(oldest)
        }
        lastName += 1
        let name = "s\(lastName)"
        entries[key] = Entry(name: name, lastUse: clock)
        return (name, true)
    }

    /// Forgets a statement that the server does not hold.
    mutating func forget(_ key: Key) { entries[key] = nil }

    /// Forgets a statement that the server holds.
    mutating func abandon(_ key: Key) {
        if let entry = entries.removeValue(forKey: key) { abandoned.append(entry.name) }
    }

    /// Notes that the server was told of all abandoned statements.
    mutating func clearAbandoned() { abandoned.removeAll() }
}
