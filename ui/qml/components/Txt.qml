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
    lineHeight: 1.25
    textFormat: Text.PlainText
}
