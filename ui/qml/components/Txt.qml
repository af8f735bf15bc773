pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// A text that wraps and never cuts.
Text {
    property bool strong: false
    color: Theme.ink
    font.pixelSize: Theme.body
    font.weight: strong ? Font.DemiBold : Font.Normal
    wrapMode: Text.Wrap
    // A single line stands in its middle; several need air between them.
    lineHeight: lineCount > 1 ? 1.25 : 1
    textFormat: Text.PlainText
}
