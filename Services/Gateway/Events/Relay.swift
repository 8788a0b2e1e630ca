import Concurrency
import Foundation
import Jobs
import Synchronization
import Telemetry

/// Where a relay brings events.
protocol Outlet: Sendable {
    var sink: RelaySink { get }

    /// Brings some of the events after a position to where they go, in order, and moves the cursor.
    ///
    /// - Parameter deadline: until when this process leads.
    /// - Returns: the new position; nil when another relay has moved the cursor.
    func send(after position: Int64, through last: Int64, until deadline: ContinuousClock.Instant) async throws
        -> Int64?

    /// Whether anybody wants events right now; without, the relay looks once a second.
    var isWanted: Bool { get }

    /// Called about once a second by the process that leads.
    func tidy() async throws
}

/// The one place where events leave the database, in the order of their numbers, one relay for each way out.
///
/// Order of effects of a round: take a horizon, wait until it is final (see `JobStore.horizon`), send what lies between the cursor
/// and the horizon, move the cursor. Sent before moved: a crash between the two sends some events again, never none. One process
/// leads; two for a moment send the same events twice, and only one of them moves the cursor.
final class Relay: Sendable {
    private struct Round {
        var horizon: Horizon?
        var horizonSince = ContinuousClock.now
        var position: Int64?
        var leadsUntil: ContinuousClock.Instant?
        var nextLead = ContinuousClock.now
        var nextTidy = ContinuousClock.now
        var nextWarning = ContinuousClock.now
        var lastError: String?
    }

    private static let leadership: Duration = .seconds(10)
    private static let idlePause: Duration = .seconds(1)
    /// The shortest time between two rounds, so that a stream of small commits is not a stream of small rounds.
    private static let spacing: Duration = .milliseconds(20)
    private static let finalPause: Duration = .milliseconds(10)
    private static let heldBackAfter: Duration = .seconds(10)

    private let store: JobStore
    private let outlet: any Outlet
    private let holder: String
    private let log: Logger
    private let wakeup = Wakeup()
    private let lag: Gauge

    init(_ store: JobStore, to outlet: any Outlet, holder: String, log: Logger) {
        self.store = store
        self.outlet = outlet
        self.holder = holder
        self.log = log
        lag = GatewayMetrics.relayLag(outlet.sink)
    }

    private var duty: String { "relay." + outlet.sink.rawValue }

    /// Something was committed.
    func announce() {
        if outlet.isWanted { wakeup.signal() }
    }

    /// Relays until cancelled.
    func run() async {
        var round = Round()
        while !Task.isCancelled {
            var pause = Self.idlePause
            do {
                if try await lead(&round) { pause = try await relay(&round) }
                round.lastError = nil
            } catch {
                round.position = nil
                let text = "\(error)"
                if !Task.isCancelled, text != round.lastError {
                    log.warning("events wait", ["sink": .string(outlet.sink.rawValue), "error": .string(text)])
                }
                round.lastError = text
            }
            if pause > Self.spacing {
                await wakeup.wait(upTo: pause)
                pause = Self.spacing
            }
            // Cancelled: the loop ends.
            do { try await Task.sleep(for: pause) } catch { break }
        }
    }

    /// Lets another gateway lead at once.
    func resign() async { await store.giveUp(duty, as: holder, log: log) }

    private func lead(_ round: inout Round) async throws -> Bool {
        let now = ContinuousClock.now
        if now >= round.nextLead {
            let didLead = round.leadsUntil.map { $0 > now } ?? false
            let leads = try await store.lead(duty, as: holder, for: Self.leadership)
            round.leadsUntil = leads ? now + Self.leadership : nil
            round.nextLead = now + Self.leadership / 10
            // Another may have moved the cursor meanwhile.
            if !didLead { round.position = nil }
        }
        return round.leadsUntil.map { $0 > now } ?? false
    }

    /// - Returns: how long to wait before the next round.
    private func relay(_ round: inout Round) async throws -> Duration {
        if ContinuousClock.now >= round.nextTidy {
            round.nextTidy = .now + .seconds(1)
            try await outlet.tidy()
        }
        if round.horizon == nil { (round.horizon, round.horizonSince) = (try await store.horizon(), .now) }
        guard let horizon = round.horizon else { return .zero }
        guard try await store.isFinal(horizon) else {
            try await warnOfDelay(&round)
            return Self.finalPause
        }
        round.horizon = nil
        var position: Int64
        if let known = round.position { position = known } else { position = try await store.position(of: outlet.sink) }
        while position < horizon.last, try await lead(&round), let deadline = round.leadsUntil {
            lag.set(Double(horizon.last - position))
            guard let next = try await outlet.send(after: position, through: horizon.last, until: deadline) else {
                round.position = nil
                return Self.spacing
            }
            position = next
            round.position = next
        }
        lag.set(Double(max(0, horizon.last - position)))
        return outlet.isWanted ? Self.idlePause / 5 : Self.idlePause
    }

    private func warnOfDelay(_ round: inout Round) async throws {
        let now = ContinuousClock.now
        guard now - round.horizonSince > Self.heldBackAfter, now >= round.nextWarning else { return }
        round.nextWarning = now + .seconds(60)
        let sessions = try await store.oldestTransactions()
        log.warning(
            "events are held back by an open transaction",
            ["sink": .string(outlet.sink.rawValue), "sessions": .string(sessions.joined(separator: ", "))])
    }
}
