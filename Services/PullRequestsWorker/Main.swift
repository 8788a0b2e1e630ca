import Config
import HTTPClient
import Jobs
import WorkerKit

@main
enum Main {
    /// GitHub asks for at most 80 in a minute.
    private static let writesPerMinute = 60
    private static let burst = 5.0

    static func main() async {
        await WorkerProcess.run(named: "PullRequestsWorker") { environment in
            let web = WebClient(addresses: try environment.addressPolicy("SWITCHYARD_FETCH_ALLOW"), name: "forges")
            let perMinute = try environment.int(
                "SWITCHYARD_FORGE_WRITES_PER_MINUTE", default: writesPerMinute, range: 1...100_000)
            let configuration = try WorkerConfiguration(environment, defaultSlots: PullRequestsWorker.defaultSlots)
            let worker = PullRequestsWorker(
                accounts: try ForgeAccounts(environment), web: web,
                timeout: try environment.duration("SWITCHYARD_FORGE_TIMEOUT", default: .seconds(60)),
                budget: ForgeToken.Budget(perMinute: Double(perMinute), burst: burst))
            return [try WorkerService(worker, configuration)]
        }
    }
}
