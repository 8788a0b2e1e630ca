/// What one document may cost before its extraction is ended.
///
/// The kernel keeps the first four in the child process that parses the document; the worker keeps the rest.
public struct ExtractionLimits: Sendable {
    /// Address space of the child, in bytes.
    public var memoryBytes: Int
    /// Processor time of one child, in seconds.
    public var cpuSeconds: Int
    /// Descriptors that the child may have open.
    public var openFiles: Int
    /// Largest file that the child may write, in bytes; it has no reason to write any.
    public var writtenBytes: Int
    /// Time from the call to its end, over all attempts at this document; to make a picture of a page, and to read one, there is a minute
    /// each besides.
    public var wallTime: Duration
    /// Text and Markdown together, in bytes of UTF-8.
    public var outputBytes: Int
    /// What the parts of one document that is an archive (DOCX, EPUB) may inflate to together, in bytes, whatever sizes it declares.
    /// Nothing of them is kept, so each document has its own; documents inside a document count for `memberBytes`.
    public var inflatedBytes: Int
    /// How deep documents lie in each other: of 1, an archive is read and the archives in it are not.
    public var maxDepth: Int
    /// Documents inside a document, over all depths.
    public var maxMembers: Int
    /// Bytes of all documents inside a document together, over all depths, as they come out of their containers.
    public var memberBytes: Int
    /// Pages of a paged document.
    public var maxPages: Int
    /// Pages that are read as pictures, each of which costs seconds.
    public var maxRecognizedPages: Int
    /// Pages that pictures are made of.
    public var maxImagePages: Int
    /// The pictures of all pages together, in bytes.
    public var imageBytes: Int
    /// The largest file that is fetched by a URL, in bytes, after decompression by HTTP.
    public var downloadBytes: Int
    /// Time for fetching it, with all tries and the waits between them.
    public var downloadTime: Duration

    /// Makes limits; the defaults suit documents made by people.
    public init(
        memoryBytes: Int = 512 << 20, cpuSeconds: Int = 60, openFiles: Int = 32, writtenBytes: Int = 0,
        wallTime: Duration = .seconds(120), outputBytes: Int = 64 << 20, inflatedBytes: Int = 256 << 20,
        maxDepth: Int = 5, maxMembers: Int = 1000, memberBytes: Int = 1 << 30, maxPages: Int = 20_000,
        maxRecognizedPages: Int = 500, maxImagePages: Int = 100, imageBytes: Int = 256 << 20,
        downloadBytes: Int = 512 << 20, downloadTime: Duration = .seconds(300)
    ) {
        self.memoryBytes = memoryBytes
        self.cpuSeconds = cpuSeconds
        self.openFiles = openFiles
        self.writtenBytes = writtenBytes
        self.wallTime = wallTime
        self.outputBytes = outputBytes
        self.inflatedBytes = inflatedBytes
        self.maxDepth = maxDepth
        self.maxMembers = maxMembers
        self.memberBytes = memberBytes
        self.maxPages = maxPages
        self.maxRecognizedPages = maxRecognizedPages
        self.maxImagePages = maxImagePages
        self.imageBytes = imageBytes
        self.downloadBytes = downloadBytes
        self.downloadTime = downloadTime
    }
}
