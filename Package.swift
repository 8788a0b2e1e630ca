// swift-tools-version: 6.2
import PackageDescription

/// A C library of Debian's, wrapped by exactly one Swift module.
func clibrary(_ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([debian])])
}

/// A module that services share.
func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Shared/\(name)")
}

/// A worker service: its folder under Services, plus the C libraries of its engine.
func worker(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(name: name, dependencies: ["WorkerKit"] + dependencies, path: "Services/\(name)")
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["TestKit"] + dependencies, path: "Tests/\(name)")
}

let package = Package(
    name: "Switchyard",
    targets: [
        // C libraries
        clibrary("CLibPQ", pkgConfig: "libpq", debian: "libpq-dev"),
        clibrary("CRabbitMQ", pkgConfig: "librabbitmq", debian: "librabbitmq-dev"),
        clibrary("CMicroHTTPD", pkgConfig: "libmicrohttpd", debian: "libmicrohttpd-dev"),
        clibrary("CJansson", pkgConfig: "jansson", debian: "libjansson-dev"),
        clibrary("CSodium", pkgConfig: "libsodium", debian: "libsodium-dev"),
        clibrary("COpenSSL", pkgConfig: "libcrypto", debian: "libssl-dev"),
        clibrary("CLibXML2", pkgConfig: "libxml-2.0", debian: "libxml2-dev"),
        clibrary("CGumbo", pkgConfig: "gumbo", debian: "libgumbo-dev"),
        clibrary("CLibArchive", pkgConfig: "libarchive", debian: "libarchive-dev"),
        clibrary("CSeccomp", pkgConfig: "libseccomp", debian: "libseccomp-dev"),
        clibrary("CUchardet", pkgConfig: "uchardet", debian: "libuchardet-dev"),
        clibrary("CCurl", pkgConfig: "libcurl", debian: "libcurl4-openssl-dev"),
        clibrary("CMark", pkgConfig: "libcmark", debian: "libcmark-dev"),
        clibrary("CMagic", pkgConfig: "libmagic", debian: "libmagic-dev"),
        clibrary("CTextCat", pkgConfig: "libexttextcat", debian: "libexttextcat-dev"),
        clibrary("CGMime", pkgConfig: "gmime-3.0", debian: "libgmime-3.0-dev"),
        clibrary("CGsf", pkgConfig: "libgsf-1", debian: "libgsf-1-dev"),
        clibrary("CZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
        clibrary("CZstd", pkgConfig: "libzstd", debian: "libzstd-dev"),
        clibrary("CXLSXWriter", pkgConfig: "xlsxwriter", debian: "libxlsxwriter-dev"),
        clibrary("CPangoCairo", pkgConfig: "pangocairo", debian: "libpango1.0-dev"),
        clibrary("CPCRE2", pkgConfig: "libpcre2-8", debian: "libpcre2-dev"),
        clibrary("CIDN2", pkgConfig: "libidn2", debian: "libidn2-dev"),
        clibrary("CPSL", pkgConfig: "libpsl", debian: "libpsl-dev"),
        // It has no file for pkg-config.
        .systemLibrary(name: "CCSV", path: "Shared/CCSV", providers: [.apt(["libcsv-dev"])]),
        clibrary("COpenBLAS", pkgConfig: "openblas", debian: "libopenblas-pthread-dev"),
        .systemLibrary(name: "CSpawn", path: "Shared/CSpawn"),
        .systemLibrary(name: "CMalloc", path: "Shared/CMalloc"),
        .systemLibrary(name: "CEncoder", path: "Shared/CEncoder"),

        // Shared modules, in the order in which they build on each other
        shared("Concurrency"),
        shared("Config"),
        shared("Crypto", ["CSodium", "COpenSSL"]),
        shared("JSON", ["CJansson", "Crypto"]),
        shared("Telemetry", ["JSON", "Crypto"]),
        shared("Postgres", ["CLibPQ", "Concurrency"]),
        shared("AMQP", ["CRabbitMQ", "Concurrency"]),
        shared("HTTPServer", ["CMicroHTTPD", "Concurrency"]),
        shared("HTTPClient", ["CCurl", "Config"]),
        shared("Compression", ["CZlib", "CZstd"]),
        shared("Pattern", ["CPCRE2"]),
        shared("Drawing", ["CPangoCairo"]),
        shared("WebAddress", ["CIDN2", "CPSL"]),
        shared("Markup", ["CLibXML2", "CGumbo", "CUchardet", "CTextCat"]),
        shared("Archive", ["CLibArchive", "Markup"]),
        shared("Tabular", ["Compression", "Archive", "Markup", "JSON"]),
        shared("Sandbox", ["CSeccomp"]),
        shared("Embedding", ["CEncoder", "HTTPClient", "JSON", "Config", "Crypto", "Concurrency"]),
        shared("Storage", ["Crypto", "Concurrency"]),
        shared("ObjectStorage", ["Storage", "HTTPClient", "Markup", "JSON"]),
        shared("Jobs", ["Postgres", "AMQP", "JSON", "Crypto", "Concurrency", "Config"]),
        shared("Search", ["Jobs", "Embedding", "COpenBLAS"]),
        shared("ServiceKit", ["Jobs", "HTTPServer", "Telemetry", "Config", "ObjectStorage", "CMalloc"]),
        shared("WorkerKit", ["ServiceKit"]),
        shared("Fetching", ["WorkerKit", "HTTPClient"]),
        shared("LocalServers", ["CSpawn"]),

        // Services
        .executableTarget(
            name: "Gateway", dependencies: ["ServiceKit", "HTTPClient", "Search"], path: "Services/Gateway"),
        .executableTarget(
            name: "switchyard", dependencies: ["Jobs", "Telemetry", "LocalServers", "HTTPServer"],
            path: "Services/Switchyard"),
        worker("NoopWorker"),
        worker(
            "CrawlingWorker", ["HTTPClient", "WebAddress", "Pattern", "Markup", "Sandbox", "Compression"]),
        worker(
            "DocumentsWorker",
            [
                "HTTPClient", "Fetching", "Markup", "Sandbox", "Archive",
                "CMark", "CMagic", "CCSV", "CGMime", "CGsf",
            ]),
        worker("EmbeddingsWorker", ["Embedding"]),
        worker(
            "ExportsWorker",
            [
                "Compression", "CXLSXWriter", "Tabular", "Markup", "HTTPClient", "Fetching", "ObjectStorage", "Drawing",
                "Search",
            ]),
        worker("PullRequestsWorker", ["HTTPClient"]),

        // Tests
        .target(
            name: "TestKit",
            dependencies: ["Concurrency", "Postgres", "AMQP", "Jobs", "LocalServers", "JSON", "HTTPServer"],
            path: "Tests/TestKit"),
        .executableTarget(
            name: "CrawlSite", dependencies: ["HTTPServer", "HTTPClient", "JSON"], path: "Tests/CrawlSite",
            exclude: ["scrapy", "bench", "bench.py", "readwarc.py"]),
        // The three providers of pull requests, for the tests of whoever calls them.
        .target(
            name: "GitForges", dependencies: ["HTTPServer", "LocalServers", "CSpawn", "JSON", "Crypto", "Concurrency"],
            path: "Tests/GitForges", exclude: ["requirements.txt", "clients.py"]),
        .executableTarget(name: "GitForgeServer", dependencies: ["GitForges"], path: "Tests/GitForgeServer"),
        tests("GitForgesTests", ["GitForges", "GitForgeServer", "HTTPClient", "JSON", "Crypto", "LocalServers"]),
        tests("ConcurrencyTests", ["Concurrency"]),
        tests("JSONTests", ["JSON"]),
        tests("ConfigTests", ["Config"]),
        tests("CryptoTests", ["Crypto"]),
        tests("CompressionTests", ["Compression"]),
        tests("StorageTests", ["Storage"]),
        .testTarget(
            name: "ObjectStorageTests", dependencies: ["TestKit", "ObjectStorage", "HTTPServer"],
            path: "Tests/ObjectStorageTests", exclude: ["moto.txt"]),
        tests("TelemetryTests", ["Telemetry", "JSON"]),
        tests("PostgresTests", ["Postgres"]),
        tests("AMQPTests", ["AMQP"]),
        tests("HTTPServerTests", ["HTTPServer"]),
        tests("HTTPClientTests", ["HTTPClient", "HTTPServer"]),
        .executableTarget(name: "ParserProbe", dependencies: ["Sandbox"], path: "Tests/ParserProbe"),
        tests("SandboxTests", ["Sandbox", "ParserProbe"]),
        tests("PatternTests", ["Pattern"]),
        tests("DrawingTests", ["Drawing"]),
        tests("WebAddressTests", ["WebAddress"]),
        tests("JobsTests", ["Jobs"]),
        tests("WorkerKitTests", ["WorkerKit"]),
        tests("MarkupTests", ["Markup"]),
        .testTarget(
            name: "TabularTests", dependencies: ["TestKit", "Tabular", "Compression", "CZstd", "Postgres"],
            path: "Tests/TabularTests",
            exclude: ["workbooks.py"]),
        tests("EmbeddingTests", ["Embedding", "CEncoder", "COpenBLAS", "HTTPServer", "HTTPClient"]),
        .testTarget(
            name: "SearchTests", dependencies: ["TestKit", "Search", "LocalServers", "COpenBLAS"],
            path: "Tests/SearchTests",
            exclude: ["pgvector.txt"]),
        tests("DocumentsWorkerTests", ["DocumentsWorker", "Markup", "HTTPClient", "HTTPServer", "CMalloc"]),
        tests("CrawlingWorkerTests", ["CrawlingWorker", "Markup", "JSON", "HTTPClient", "WebAddress"]),
        .testTarget(
            name: "ExportsWorkerTests", dependencies: ["TestKit", "ExportsWorker", "Postgres", "Markup"],
            path: "Tests/ExportsWorkerTests"),
        .testTarget(
            name: "PullRequestsWorkerTests",
            dependencies: ["PullRequestsWorker", "Config", "JSON", "Crypto", "WorkerKit"],
            path: "Tests/PullRequestsWorkerTests"),
        tests("GatewayTests", ["Gateway", "HTTPServer", "HTTPClient", "AMQP"]),
        tests("LocalServersTests", ["LocalServers"]),
        tests(
            "EndToEnd",
            [
                "Jobs", "LocalServers", "Storage", "Gateway", "NoopWorker", "DocumentsWorker", "CrawlingWorker",
                "EmbeddingsWorker", "ExportsWorker", "PullRequestsWorker", "GitForges", "ObjectStorage",
                "CrawlSite", "switchyard", "HTTPClient", "HTTPServer",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
