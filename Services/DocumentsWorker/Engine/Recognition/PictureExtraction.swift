/// A document that is a picture, or some of them: the words in it.
struct PictureExtraction: Sendable {
    let job: ExtractionJob

    func run() async throws(ExtractionError) -> Extracted {
        let texts = try await PictureReader(job: job).words(inFile: job.document.descriptor)
        guard texts.count <= job.limits.maxPages else {
            throw .tooManyPages(limit: job.limits.maxPages, mediaType: job.document.pictureType ?? "image")
        }
        let metadata = DocumentMetadata(mediaType: job.document.pictureType ?? "application/octet-stream")
        let pages = texts.map { text in
            var page = PDFPage()
            page.take(recognized: text)
            return page
        }
        let extracted = try PDFStructure(pages).extracted(
            metadata, furniture: job.furniture, limit: job.limits.outputBytes)
        job.onPage(texts.count, texts.count)
        return extracted
    }
}
