import Foundation
import Telemetry
import Testing

@Suite struct MetricsTests {
    private func text(_ metrics: Metrics) -> String { String(decoding: metrics.text(), as: UTF8.self) }

    @Test func showsEveryKind() {
        let metrics = Metrics(process: false)
        metrics.counter("jobs_total", help: "Jobs that ended.", labels: ["type": "export", "status": "failed"]).add()
        metrics.counter("jobs_total", help: "Jobs that ended.", labels: ["type": "import", "status": "completed"]).add(
            41)
        metrics.counter("jobs_total", help: "Jobs that ended.", labels: ["type": "import", "status": "completed"]).add()
        let gauge = metrics.gauge("connections", help: "Open connections.")
        gauge.set(5)
        gauge.add(-1.5)
        metrics.gauge("queue_depth", help: "Waiting.", labels: ["queue": "a"]) { 7 }
        let histogram = metrics.histogram(
            "wait_seconds", help: "Waits.", labels: ["type": "export"], buckets: [0.1, 1, 10])
        for value in [0.05, 0.1, 0.5, 2, 100] { histogram.record(value) }
        histogram.record(.milliseconds(250))
        #expect(
            text(metrics) == """
                # HELP jobs_total Jobs that ended.
                # TYPE jobs_total counter
                jobs_total{type="export",status="failed"} 1
                jobs_total{type="import",status="completed"} 42
                # HELP connections Open connections.
                # TYPE connections gauge
                connections 3.5
                # HELP queue_depth Waiting.
                # TYPE queue_depth gauge
                queue_depth{queue="a"} 7
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{type="export",le="0.1"} 2
                wait_seconds_bucket{type="export",le="1"} 4
                wait_seconds_bucket{type="export",le="10"} 5
                wait_seconds_bucket{type="export",le="+Inf"} 6
                wait_seconds_sum{type="export"} 102.9
                wait_seconds_count{type="export"} 6

                """)
        #expect(histogram.count == 6)
        #expect(abs(histogram.sum - 102.9) < 1e-9)
    }

    @Test func escapesHelpAndLabels() {
        let metrics = Metrics(process: false)
        metrics.counter("c_total", help: "a \\ b\n\"c\"", labels: ["l": "a\\b\n\"c\""]).add()
        #expect(
            text(metrics) == #"""
                # HELP c_total a \\ b\n"c"
                # TYPE c_total counter
                c_total{l="a\\b\n\"c\""} 1

                """#)
    }

    @Test func showsSpecialNumbers() {
        let metrics = Metrics(process: false)
        let values: [(String, Double, String)] = [
            ("a", .infinity, "+Inf"), ("b", -.infinity, "-Inf"), ("c", .nan, "NaN"), ("d", 1e300, "1e+300"),
            ("e", -2, "-2"),
        ]
        for (name, value, _) in values { metrics.gauge(name, help: "").set(value) }
        for (name, _, shown) in values { #expect(text(metrics).contains("\n\(name) \(shown)\n")) }
    }

    @Test func givesTheSameInstrumentForTheSameNameAndLabels() {
        let metrics = Metrics(process: false)
        #expect(metrics.counter("a_total", help: "") === metrics.counter("a_total", help: ""))
        #expect(metrics.counter("a_total", help: "") !== metrics.counter("a_total", help: "", labels: ["l": "x"]))
        #expect(metrics.gauge("g", help: "") === metrics.gauge("g", help: ""))
        #expect(metrics.histogram("h", help: "") === metrics.histogram("h", help: ""))
    }

    @Test func losesNothingOfManyThreads() async {
        let metrics = Metrics(process: false)
        let counter = metrics.counter("c_total", help: "")
        let gauge = metrics.gauge("g", help: "")
        let histogram = metrics.histogram("h", help: "", buckets: [0.5, 1.5])
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5000 {
                        counter.add(2)
                        gauge.add(1)
                        histogram.record(1.0)
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(gauge.value == 40_000)
        #expect(histogram.count == 40_000)
        #expect(histogram.sum == 40_000)
        #expect(text(metrics).contains("h_bucket{le=\"0.5\"} 0\nh_bucket{le=\"1.5\"} 40000\n"))
    }

    @Test func tellsAboutTheProcess() throws {
        let metrics = Metrics()
        func value(_ name: String) throws -> Double {
            let line = text(metrics).split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return try #require(line.flatMap { Double($0.dropFirst(name.count + 1)) })
        }
        let page = 64 << 20
        let before = try value("process_resident_memory_bytes")
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: page, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 1)
        // Other tests of the run may give memory back meanwhile, but hardly half of this.
        #expect(try value("process_resident_memory_bytes") > before + Double(page) / 2)
        memory.deallocate()
        let cpu = try value("process_cpu_seconds_total")
        while try value("process_cpu_seconds_total") <= cpu {}
        let start = Date(timeIntervalSince1970: try value("process_start_time_seconds"))
        #expect(start < Date())
        #expect(start > Date(timeIntervalSinceNow: -86_400))
        let open = (0..<50).map { _ in Foundation.open("/dev/null", O_RDONLY | O_CLOEXEC) }
        #expect(try value("process_open_fds") >= 50)
        for descriptor in open { close(descriptor) }
    }
}
