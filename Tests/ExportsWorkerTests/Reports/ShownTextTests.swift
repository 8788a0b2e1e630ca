import Testing

@testable import ExportsWorker

@Suite struct ShownTextTests {
    @Test(arguments: [
        (0, "0"), (7, "7"), (1234.5, "1,234.5"), (-0.25, "-0.25"), (-1_234_567, "-1,234,567"), (0.0005, "5.000e-04"),
        (2.0 / 3, "0.667"), (0.9996, "1"), (1e15, "1.000e+15"), (999_999_999_999_999, "999,999,999,999,999"),
        (-1.05, "-1.05"), (.nan, "NaN"), (-.infinity, "-Infinity"), (.infinity, "Infinity"),
    ])
    func numbersAreEasyToRead(number: Double, text: String) { #expect(ShownText.number(number) == text) }

    @Test func aTextIsOneLineOfABoundedLength() {
        #expect(ShownText.line("a\r\nb\tc\u{2028}d") == "a  b c d")
        #expect(ShownText.line("\u{202E}x\u{0}\u{1B}[1m") == "\u{FFFD}x\u{FFFD}\u{FFFD}[1m")
        #expect(ShownText.line("שלום мир 😀") == "שלום мир 😀")
        #expect(ShownText.line("abcdef", most: 6) == "abcdef")
        #expect(ShownText.line("abcdefg", most: 6) == "abcde…")
        let long = ShownText.line(String(repeating: "x", count: 1 << 20))
        #expect(long.count == ShownText.cell && long.hasSuffix("…"))
        #expect(ShownText.label(nil) == "(null)" && ShownText.label("") == "(empty)")
        #expect(ShownText.count(1, "row") == "1 row" && ShownText.count(12_345, "row") == "12,345 rows")
    }

    @Test(arguments: [
        (0.0, 107.0, true, [0.0, 50, 100, 150]), (0, 1, true, [0, 1]), (0, 0.9, false, [0, 0.5, 1]),
        (-5, 12, true, [-5, 0, 5, 10, 15]), (3, 3, true, [1, 2, 3, 4, 5]), (0, 0, true, [0, 1]),
    ])
    func axesHaveRoundSteps(from: Double, to: Double, isWhole: Bool, ticks: [Double]) {
        let scale = AxisScale(from: from, to: to, isWhole: isWhole)
        #expect(scale.ticks == ticks)
        #expect(scale.part(of: scale.from) == 0 && scale.part(of: scale.to) == 1)
        #expect((0...1).contains(scale.part(of: from)) && (0...1).contains(scale.part(of: to)))
    }

    @Test func stepsOfTimesFollowTheirSpan() {
        let day = 86_400.0
        let steps = [
            (0, TimeStep.hour), (3, .hour), (4, .day), (120, .day), (121, .week), (800, .month), (9000, .year),
        ]
        for (days, step) in steps { #expect(TimeStep(span: Double(days) * day) == step, "\(days)") }
    }

    @Test(arguments: [-1e300, 1e300, 1e-300, 9.007e15])
    func extremeAxesAreFinite(value: Double) {
        for other in [0, -value, value] {
            let scale = AxisScale(from: min(value, other), to: max(value, other), isWhole: false)
            #expect(scale.part(of: value).isFinite && scale.ticks.count < 20 && scale.ticks.allSatisfy(\.isFinite))
        }
    }
}
