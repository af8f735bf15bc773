pragma Singleton
import QtQuick
import Bianmin

// Sizes in millimetres, colours as tokens. Elder mode is larger and stronger, never a different app.
QtObject {
    property real pxPerMm: 4.03
    readonly property bool elder: App.elder

    function mm(value: real): real {
        return Math.round(value * pxPerMm);
    }

    readonly property color ink: elder ? "#000000" : "#14202E"
    readonly property color muted: elder ? "#1E2B3A" : "#4A5768"
    readonly property color primary: elder ? "#083B78" : "#0B4F9E"
    readonly property color primarySoft: "#E6EFFA"
    readonly property color surface: "#FFFFFF"
    readonly property color canvas: "#F3F6FA"
    readonly property color line: elder ? "#5A6675" : "#D5DDE8"
    readonly property color warning: "#6B4A00"
    readonly property color warningSoft: "#FFF6DD"
    readonly property color danger: "#B3261E"
    readonly property color dangerSoft: "#FDECEA"
    readonly property color success: "#0F7A55"
    readonly property color focus: "#F2A900"

    readonly property real body: mm(elder ? 8.2 : 5.6)
    readonly property real small: mm(elder ? 7.6 : 5.2)
    readonly property real large: mm(elder ? 9.6 : 6.8)
    readonly property real title: mm(elder ? 11.6 : 8.6)
    readonly property real display: mm(elder ? 13 : 11)

    readonly property real target: mm(elder ? 22 : 17)
    readonly property real gap: mm(elder ? 6 : 4)
    readonly property real margin: mm(elder ? 7 : 8)
    readonly property real radius: mm(4.5)
    readonly property real stroke: Math.max(1, mm(0.4))
    readonly property real strongStroke: Math.max(2, mm(0.8))
}
