/// The elements that gumbo knows by name, in the order of its own list, so that a tag is its number.
package enum HTMLTag: UInt8, Sendable {
    case html, head, title, base, link, meta, style, script, noscript, template, body, article, section, nav
    case aside, h1, h2, h3, h4, h5, h6, hgroup, header, footer, address, p, hr, pre, blockquote, ol, ul, li
    case dl, dt, dd, figure, figcaption, main, div, a, em, strong, small, s, cite, q, dfn, abbr, data, time
    case code, `var`, samp, kbd, sub, sup, i, b, u, mark, ruby, rt, rp, bdi, bdo, span, br, wbr, ins, del
    case image, img, iframe, embed, object, param, video, audio, source, track, canvas, map, area, math, mi
    case mo, mn, ms, mtext, mglyph, malignmark, annotationXML, svg, foreignObject, desc, table, caption
    case colgroup, col, tbody, thead, tfoot, tr, td, th, form, fieldset, legend, label, input, button, select
    case datalist, optgroup, option, textarea, keygen, output, progress, meter, details, summary, menu
    case menuitem, applet, acronym, bgsound, dir, frame, frameset, noframes, isindex, listing, xmp, nextid
    case noembed, plaintext, rb, strike, basefont, big, blink, center, font, marquee, multicol, nobr, spacer
    case tt, rtc
    /// Any other element.
    case unknown
}
