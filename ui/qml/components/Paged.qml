pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// Content that may be higher than the screen: moved by two buttons, for there is no gesture but the tap.
Item {
    id: root

    default property alias content: column.data
    property alias spacing: column.spacing
    readonly property bool overflows: column.height > height + Theme.mm(2)

    Flickable {
        id: flick

        anchors {
            fill: parent
            rightMargin: root.overflows ? Theme.target + Theme.gap : 0
        }
        contentHeight: column.height
        clip: true
        interactive: false

        function page(direction: int) {
            const limit = Math.max(0, contentHeight - height);
            contentY = Math.max(0, Math.min(limit, contentY + direction * height * 0.8));
        }

        Column {
            id: column

            width: flick.width
            spacing: Theme.gap
            onHeightChanged: flick.contentY = Math.min(flick.contentY, Math.max(0, height - flick.height))
        }
    }

    Fade {
        anchors {
            left: flick.left
            right: flick.right
            top: flick.top
        }
        up: true
        visible: root.overflows && flick.contentY > 1
    }

    Fade {
        anchors {
            left: flick.left
            right: flick.right
            bottom: flick.bottom
        }
        visible: root.overflows && flick.contentY < flick.contentHeight - flick.height - 1
    }

    function show(item: Item) {
        const top = item.mapToItem(column, 0, 0).y;
        if (top < flick.contentY || top + item.height > flick.contentY + flick.height)
            flick.contentY = Math.max(0, Math.min(top - Theme.gap, column.height - flick.height));
    }

    Column {
        anchors {
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        visible: root.overflows
        spacing: Theme.gap

        ActionButton {
            objectName: "page_up"
            width: Theme.target
            height: Theme.target * 1.4
            text: "▲"
            enabled: flick.contentY > 1
            onTapped: flick.page(-1)
        }

        ActionButton {
            objectName: "page_down"
            width: Theme.target
            height: Theme.target * 1.4
            text: "▼"
            enabled: flick.contentY < flick.contentHeight - flick.height - 1
            onTapped: flick.page(1)
        }
    }
}
