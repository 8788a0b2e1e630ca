import Config
import Foundation
import JSON
import Testing
import WorkerKit

@testable import PullRequestsWorker

/// Credentials that the operator names.
@Suite struct ForgeAccountsTests {
    private func with(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "switchyard-accounts-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        try body(folder)
    }

    private func accounts(_ json: String, in folder: String) throws -> ForgeAccounts {
        try Data(json.utf8).write(to: URL(fileURLWithPath: folder + "/accounts.json"))
        return try ForgeAccounts(Environment(["SWITCHYARD_FORGES": folder + "/accounts.json"]))
    }

    private func input(_ repository: String, _ more: JSONObject = [:]) throws -> PullRequest {
        var spec: JSONObject = [
            "provider": "github", "repository": .string(repository), "credentials": ["name": "site"],
            "files": [["path": "a", "content": "x"]], "title": "t",
        ]
        for (key, value) in more { spec[key] = value }
        let type = try PullRequest.jobType()
        #expect(type.validator.validate(.object(spec)).isEmpty)
        return try type.validator.applyingDefaults(to: .object(spec)).decode(PullRequest.self)
    }

    private func credential(
        _ accounts: ForgeAccounts, _ input: PullRequest, _ namespace: String = "default"
    ) throws -> ForgeCredential {
        try accounts.credential(for: input, at: input.provider.address(input.baseURL), namespace: namespace)
    }

    @Test func anAccountIsForWhatItSays() throws {
        try with { folder in
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: folder + "/token"))
            let accounts = try accounts(
                """
                {"site": {"provider": "github", "token_file": "\(folder)/token", "repositories": ["acme/*", "*/docs-*-de"],
                 "namespaces": ["default"]}}
                """, in: folder)
            for repository in ["acme/site", "Acme/x", "other/docs-api-de"] {
                guard case .token("secret") = try credential(accounts, input(repository))
                else { throw NotFound() }
            }
            let refused = [
                (try input("other/site"), "default"), (try input("acme/site"), "others"),
                (try input("acme/site", ["provider": "gitlab"]), "default"),
                (try input("acme/site", ["base_url": "https://example.org"]), "default"),
                (try input("acme/site", ["credentials": ["name": "none"]]), "default"),
                (try input("other/docs-de"), "default"),
            ]
            for (input, namespace) in refused {
                #expect { try credential(accounts, input, namespace) } throws: {
                    ($0 as? JobFailure)?.code == "unknown_credentials"
                }
            }
            try FileManager.default.removeItem(atPath: folder + "/token")
            #expect { try credential(accounts, input("acme/site")) } throws: {
                ($0 as? JobFailure)?.code == "unreadable_credentials"
            }
        }
    }

    @Test func anAddressIsOneHoweverItIsWritten() throws {
        try with { folder in
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: folder + "/token"))
            let accounts = try accounts(
                """
                {"site": {"provider": "github", "token_file": "\(folder)/token", "base_url": "https://Git.example.org:443/api/v3/"}}
                """, in: folder)
            for address in ["https://git.example.org/api/v3", "https://git.EXAMPLE.org//api/v3/"] {
                let input = try input("acme/site", ["base_url": .string(address)])
                guard case .token("secret") = try credential(accounts, input) else { throw NotFound() }
                #expect(try input.provider.address(address).text == "https://git.example.org/api/v3")
            }
            for address in ["http://git.example.org/api/v3", "https://git.example.org:8443/api/v3"] {
                #expect(throws: JobFailure.self) {
                    try credential(accounts, input("acme/site", ["base_url": .string(address)]))
                }
            }
        }
    }

    @Test func whoHasNotTheKeyIsNotCountedWithTheApp() {
        let own = ForgeCredential.app(id: 7, privateKey: "key\n")
        #expect(own.identity == ForgeCredential.app(id: 7, privateKey: "key").identity)
        #expect(own.identity != ForgeCredential.app(id: 7, privateKey: "guessed").identity)
    }

    @Test(arguments: [
        "", "[]", "{\"a\": {}}", "{\"a\": {\"provider\": \"svn\"}}", "{\"a\": {\"provider\": \"gitea\"}}",
    ])
    func aFileThatSaysSomethingElseIsRefused(json: String) throws {
        try with { folder in #expect(throws: ConfigError.self) { try accounts(json, in: folder) } }
    }

    @Test func aCredentialIsNotShown() {
        for credential in [ForgeCredential.token("ghp_x"), .app(id: 7, privateKey: "key")] {
            #expect("\(credential)" == "[hidden]" && String(reflecting: credential) == "[hidden]")
            #expect(!String(describing: [credential]).contains("ghp"))
        }
    }

    private struct NotFound: Error {}
}
