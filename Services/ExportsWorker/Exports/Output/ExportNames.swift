/// What the files of an export are named, so that they are known among others' in a bucket.
struct ExportNames: Sendable {
    /// What the names are, but for the numbers of parts and their endings; none twice.
    let bases: [String]
    /// The name of the manifest.
    let manifest: String

    init(_ input: Export, tables: [String]) {
        var known: Set<String> = []
        bases = ([input.name] + tables.map(input.fileName)).filter { known.insert($0).inserted }
        manifest = input.manifestName
    }

    /// Whether uploads to an object of this name are the export's, in whatever format an attempt of it wrote.
    func areOwn(_ name: Substring) -> Bool {
        bases.filter(name.hasPrefix).contains { base in
            let rest = name.dropFirst(base.count)
            let number = rest.dropFirst().prefix(5)
            let isPart = rest.first == "-" && number.count == 5 && number.allSatisfy { "0"..."9" ~= $0 }
            // A larger number is of somebody else's naming.
            guard isPart, let part = Int(number) else { return rest.first == "." }
            return part <= ExportFiles.mostFiles && rest.dropFirst(6).first == "."
        }
    }
}

extension Export {
    /// What the name of the file of a table is, but for its number and its ending.
    func fileName(of table: String) -> String { sources.count > 1 ? "\(name)-\(table)" : name }

    /// What the name of a file of rows ends with.
    var fileEnding: String { "." + format.suffix + (compression?.suffix ?? "") }

    /// The name of the file that tells of the others.
    var manifestName: String { name + ".manifest.json" }
}
