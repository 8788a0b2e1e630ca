import JSON

/// How far an attempt has said that it is, kept from falling.
struct ProgressReport {
    /// Units that earlier attempts have done.
    var carried = 0.0
    private var unit: String?
    private var completed = 0.0
    private var percent = 0.0
    private var iteration = 0
    private var phase: String?

    /// What is counted, and how much of it this attempt has done itself; nil before the first report.
    var units: (name: String, done: Double)? { unit.map { ($0, completed - carried) } }

    /// Takes in a report; answers the progress as it is written.
    mutating func update(
        completed: Double, total: Double?, unit: String, iteration: (number: Int, total: Int?)?, phase: String?,
        numbers: [(name: String, value: JSON)]
    ) -> [UInt8] {
        self.unit = unit
        self.completed = max(self.completed, completed)
        self.phase = phase ?? self.phase
        // The type's own numbers first: they cannot take the place of what every progress has.
        var progress = JSONObject()
        for (name, value) in numbers { progress[name] = value }
        progress["completed"] = Self.number(self.completed)
        progress["unit"] = .string(unit)
        // What is done is part of the whole, also where a worker has counted on less.
        if let total = total.map({ max($0, self.completed) }) {
            let now = total > 0 ? (min(1, self.completed / total) * 1000).rounded() / 10 : 100
            // A total that grows makes the share smaller, but not what has been shown.
            percent = max(percent, now)
            progress["total"] = Self.number(total)
            progress["percent"] = .double(percent)
        }
        if let iteration {
            self.iteration = max(self.iteration, iteration.number)
            progress["iteration"] = .int(Int64(self.iteration))
            if let total = iteration.total { progress["total_iterations"] = .int(Int64(total)) }
        }
        if let phase = self.phase { progress["phase"] = .string(phase) }
        if carried > 0 { progress["carried"] = Self.number(carried) }
        return JSON.object(progress).serialized()
    }

    private static func number(_ value: Double) -> JSON {
        value == value.rounded() && abs(value) < 9e15 ? .int(Int64(value)) : .double(value)
    }
}
