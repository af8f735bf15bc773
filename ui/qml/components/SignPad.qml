pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// Ink under a finger. Strokes are lists of {x, y} in fractions of the pad's width.
Panel {
    id: root

    property var strokes: []
    property var _ink: []
    readonly property bool empty: _ink.length === 0
    signal signed(var strokes)

    border.color: Theme.primary
    border.width: Theme.strongStroke

    function clear() {
        _ink = [];
        root.signed(_ink);
        canvas.requestPaint();
    }

    Component.onCompleted: {
        _ink = strokes;
        canvas.requestPaint();
    }

    Canvas {
        id: canvas

        anchors.fill: parent
        renderStrategy: Canvas.Immediate

        onPaint: {
            const ctx = getContext("2d");
            ctx.reset();
            ctx.strokeStyle = Theme.ink;
            ctx.lineWidth = Theme.mm(1.2);
            ctx.lineCap = "round";
            ctx.lineJoin = "round";
            for (const stroke of root._ink) {
                ctx.beginPath();
                for (let i = 0; i < stroke.length; i++) {
                    const x = stroke[i].x * width, y = stroke[i].y * width;
                    if (i === 0)
                        ctx.moveTo(x, y);
                    else
                        ctx.lineTo(x, y);
                }
                ctx.stroke();
            }
        }
    }

    MouseArea {
        anchors.fill: parent
        preventStealing: true

        function point(mouse) {
            return {
                x: Math.max(0, Math.min(mouse.x, width)) / width,
                y: Math.max(0, Math.min(mouse.y, height)) / width
            };
        }

        onPressed: mouse => {
            root._ink = root._ink.concat([[point(mouse)]]);
        }
        onPositionChanged: mouse => {
            if (root._ink.length > 0)
                root._ink[root._ink.length - 1].push(point(mouse));
            canvas.requestPaint();
        }
        onReleased: {
            canvas.requestPaint();
            root.signed(root._ink);
        }
    }
}
