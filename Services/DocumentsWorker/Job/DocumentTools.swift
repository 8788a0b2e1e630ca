import WorkerKit

/// What every document of a job is read with, and where it is told of.
struct DocumentTools: Sendable {
    let fetcher: Fetcher
    let extractor: Extractor
    let chunker: Chunker
    let recognition: Recognition
    let furniture: PageFurniture
    /// The pictures of pages that are wanted; nil for none.
    let images: PageImages?
    /// How many pages of an input may have a picture, with those of the documents inside it.
    let mostImages: Int
    let progress: PageProgress
    let checkpoints: Checkpoints

    var context: JobContext { checkpoints.context }
}
