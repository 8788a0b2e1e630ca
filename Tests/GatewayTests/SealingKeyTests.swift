import Config
import Crypto
import JSON
import ServiceKit
import Testing

@testable import Gateway
@testable import Jobs

@Suite struct SealingKeyTests {
    private func configuration(key: String) throws -> ServiceConfiguration {
        try ServiceConfiguration(
            Environment([
                "DATABASE_URL": "postgres://h/d", "AMQP_URL": "amqp://h", "SWITCHYARD_STORAGE": "/nonexistent",
                "SWITCHYARD_WEBHOOK_KEY": key,
            ]))
    }

    @Test func gatewaysAndWorkersReadTheSameKey() throws {
        let text = String(repeating: "ab", count: SecretBox.keyLength)
        let sealed = try configuration(key: text).sealingBox().seal([1, 2])
        #expect(try configuration(key: text.uppercased()).sealingBox().open(sealed) == [1, 2])
        #expect(throws: SealingKeyError.self) { try configuration(key: "").sealingBox() }
        for wrong in ["abcd", String(repeating: "zz", count: SecretBox.keyLength)] {
            let error = #expect(throws: ConfigError.self) { try configuration(key: wrong) }
            let words = error.map { "\($0)" } ?? ""
            #expect(words.contains("SWITCHYARD_WEBHOOK_KEY") && !words.contains(wrong))
        }
    }

    @Test func aGatewayWithoutAKeySaysWhatIsMissing() throws {
        let type = try JobType(
            name: "probe", version: 1, description: "",
            specSchema: ["type": "object", "properties": ["token": ["type": "string", "x-secret": true]]],
            policy: JobPolicy())
        let error = #expect(throws: SubmissionError.self) {
            try Submission.read(
                ["type": "probe", "spec": ["token": "c0ffee"]], id: UUIDv7.generate(), namespace: "default",
                catalogue: TypeCatalogue([type]))
        }
        let problem = Problem(try #require(error))
        #expect(problem.status == 503 && problem.detail.contains("SWITCHYARD_WEBHOOK_KEY"))
        #expect(problem.violations.first?.pointer == "/spec/token")
        #expect(!"\(problem)".contains("c0ffee"))
    }
}
