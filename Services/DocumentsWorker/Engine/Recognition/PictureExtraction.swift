import Markup

/// A document that is a picture, or some of them: the words in it.
struct PictureExtraction: Sendable {
    let job: ExtractionJob

    func run() async throws(ExtractionError) -> Extracted {
        let pages = try await PictureReader(job: job).pages(inFile: job.document.descriptor)
        guard pages.count <= job.limits.maxPages else {
            throw .tooManyPages(limit: job.limits.maxPages, mediaType: job.document.pictureType ?? "image")
        }
        let metadata = DocumentMetadata(mediaType: job.document.pictureType ?? "application/octet-stream")
        let extracted = try PDFStructure(pages).extracted(
            metadata, furniture: job.furniture, limit: job.limits.outputBytes)
        job.onPage(pages.count, pages.count)
        return extracted
    }
}
