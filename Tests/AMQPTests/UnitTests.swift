import Foundation
import Testing

@testable import AMQP

@Suite struct SettlementLedgerTests {
    private typealias Action = SettlementLedger.Action

    private func ledger(_ count: UInt64) -> SettlementLedger {
        var ledger = SettlementLedger()
        for tag in 1...count {
            let isInOrder = ledger.deliver(tag)
            #expect(isInOrder)
        }
        return ledger
    }

    private func drain(_ ledger: inout SettlementLedger, _ settlements: [(UInt64, Settlement)]) -> [Action] {
        for (tag, settlement) in settlements { ledger.settle(tag, settlement) }
        return ledger.drain()
    }

    @Test func aRunFromTheOldestIsOneFrame() {
        var ledger = ledger(5)
        #expect(
            drain(&ledger, [(3, .acknowledge), (1, .acknowledge), (2, .acknowledge)]) == [
                .acknowledge(tag: 3, multiple: true)
            ])
        #expect(ledger.unsettled == 2)
        #expect(drain(&ledger, [(4, .acknowledge)]) == [.acknowledge(tag: 4, multiple: false)])
        #expect(drain(&ledger, []).isEmpty)
    }

    @Test func anUnsettledOneEndsTheRun() {
        var ledger = ledger(5)
        #expect(
            drain(&ledger, [(1, .acknowledge), (2, .acknowledge), (4, .acknowledge), (5, .reject)]) == [
                .acknowledge(tag: 2, multiple: true), .acknowledge(tag: 4, multiple: false),
                .reject(tag: 5, requeue: false),
            ])
        // 4 and 5 are settled already, so the run over them needs only the one tag.
        #expect(drain(&ledger, [(3, .acknowledge)]) == [.acknowledge(tag: 3, multiple: false)])
        #expect(ledger.unsettled == 0)
    }

    @Test func aRejectedOneIsNeverAcknowledgedByTheRunAboveIt() {
        var ledger = ledger(4)
        #expect(
            drain(&ledger, [(1, .acknowledge), (2, .requeue), (3, .acknowledge), (4, .acknowledge)]) == [
                .acknowledge(tag: 1, multiple: false), .reject(tag: 2, requeue: true),
                .acknowledge(tag: 4, multiple: true),
            ])
    }

    @Test func settlingTwiceOrUnknownTagsSendsNothing() {
        var ledger = ledger(2)
        #expect(drain(&ledger, [(1, .acknowledge), (1, .reject)]) == [.acknowledge(tag: 1, multiple: false)])
        #expect(drain(&ledger, [(1, .acknowledge), (0, .acknowledge), (9, .acknowledge)]).isEmpty)
        #expect(ledger.unsettled == 1)
    }

    @Test func aGapInTheTagsIsNoticed() {
        var ledger = ledger(2)
        let isInOrder = ledger.deliver(4)
        #expect(!isInOrder)
    }

    @Test func whateverTheOrderEachIsSettledOnceAndAsAsked() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var ledger = ledger(60)
            var open = Set(1...UInt64(60))
            var asked: [UInt64: Settlement] = [:]
            for tag in open.shuffled(using: &generator) {
                let settlement = [Settlement.acknowledge, .acknowledge, .acknowledge, .requeue, .reject].randomElement(
                    using: &generator)
                asked[tag] = settlement
                ledger.settle(tag, settlement ?? .acknowledge)
                if Bool.random(using: &generator) { continue }
                replay(ledger.drain(), &open, asked)
            }
            replay(ledger.drain(), &open, asked)
            #expect(open.isEmpty)
        }
    }

    /// Does what the broker does.
    private func replay(_ actions: [Action], _ open: inout Set<UInt64>, _ asked: [UInt64: Settlement]) {
        for action in actions {
            switch action {
            case .acknowledge(let tag, let multiple):
                let settled = multiple ? open.filter { $0 <= tag } : [tag]
                #expect(open.isSuperset(of: settled) && settled.allSatisfy { asked[$0] == .acknowledge })
                open.subtract(settled)
            case .reject(let tag, let requeue):
                #expect(open.remove(tag) != nil && asked[tag] == (requeue ? .requeue : .reject))
            }
        }
    }
}

@Suite struct ConfigurationTests {
    private func parse(_ url: String) throws -> AMQPConfiguration {
        try AMQPConfiguration(url: url, connectionName: "test")
    }

    @Test func urls() throws {
        let full = try parse("amqp://us%40er:p%2Fw@broker.example:1234/a%2Fb")
        #expect(full.host == "broker.example" && full.port == 1234 && full.virtualHost == "a/b")
        #expect(full.user == "us@er" && full.password == "p/w" && full.tls == nil)
        for url in ["amqp://localhost", "amqp://localhost/", "amqp://localhost/%2F"] {
            let plain = try parse(url)
            #expect(plain.virtualHost == "/" && plain.port == 5672 && plain.user == "guest")
        }
        let shown = String(reflecting: full) + "\(full)"
        #expect(!shown.contains("p/w") && shown.contains("broker.example"))
        let secure = try parse("amqps://[::1]/v")
        #expect(secure.host == "::1" && secure.port == 5671 && secure.tls?.verifiesHost == true)
    }

    @Test(arguments: [
        "", "http://localhost", "amqp://", "amqp://localhost/a/b", "amqp://localhost/?heartbeat=1",
        "amqp://localhost:70000/",
    ])
    func badURLs(_ url: String) async { await expectFailure(.usage) { try parse(url) } }

    @Test func contradictions() async {
        await expectFailure(.usage) {
            try AMQPConfiguration(url: "amqp://localhost", connectionName: "t", tls: .init())
        }
        await expectFailure(.usage) {
            try AMQPConfiguration(url: "amqps://localhost", connectionName: "t", tls: .init(certificateFile: "c.pem"))
        }
        await expectFailure(.usage) {
            try AMQPConfiguration(url: "amqp://localhost", connectionName: "t", heartbeat: .zero)
        }
    }
}

@Suite struct StallGuardTests {
    @Test func onlyACallThatTakesTooLongIsEnded() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let guarding = StallGuard()
        guarding.attach(ends[0])
        func isOpen() -> Bool {
            var byte: UInt8 = 0
            return recv(ends[1], &byte, 1, Int32(MSG_DONTWAIT)) != 0
        }
        guarding.check(limit: .zero)
        #expect(isOpen())
        guarding.enter()
        guarding.check(limit: .seconds(60))
        guarding.leave()
        guarding.check(limit: .zero)
        #expect(isOpen())
        guarding.enter()
        guarding.check(limit: .zero)
        #expect(!isOpen())
        guarding.detach()
    }
}
