/// The charts of a source for which none were asked for: how its rows lie in time, and how many have each of a few values.
enum ChartChoice {
    /// Up to how many different values a column has whose values are worth bars.
    private static let values = 2...12
    /// How many such columns are shown.
    private static let columns = 3
    /// The longest time that is drawn, in seconds: 900 years.
    private static let longest = 900 * 365 * 86_400.0

    static func charts(_ columns: [ReportColumn], _ overview: Overview, _ frequencies: Frequencies) -> [Export.Chart] {
        var charts: [Export.Chart] = []
        // Times that tell more than a moment, and are those of people.
        let time = columns.indices.first { index in
            guard columns[index].kind == .time, let span = overview.columns[index].span else { return false }
            return span > 0 && span < longest
        }
        if let time { charts.append(chart(.line, columns[time])) }
        let few = columns.indices.filter { index in
            guard columns[index].kind == .text, let found = frequencies.columns[index] else { return false }
            return values.contains(found.distinct) && overview.columns[index].values > found.distinct
        }
        return charts + few.prefix(self.columns).map { chart(.bar, columns[$0]) }
    }

    private static func chart(_ kind: Export.Chart.Kind, _ column: ReportColumn) -> Export.Chart {
        Export.Chart(
            source: nil, kind: kind, x: column.name, y: nil, aggregate: .count, by: nil, limit: values.upperBound,
            title: nil)
    }
}
