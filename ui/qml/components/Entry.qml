pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// One line of text with its label, hint and error.
Column {
    id: root

    property string label: ""
    property string hint: ""
    property string error: ""
    property string value: ""
    property string placeholder: ""
    property string name: ""
    property int maximumLength: 100
    property string pad: ""
    property bool secret: false
    property bool capitals: false
    property alias field: input
    signal edited(string text)
    signal focused

    spacing: Theme.mm(2)

    Txt {
        visible: root.label !== ""
        width: parent.width
        text: root.label
        strong: true
    }

    Txt {
        visible: root.hint !== ""
        width: parent.width
        text: root.hint
        color: Theme.muted
    }

    Txt {
        objectName: "error_" + root.name
        visible: root.error !== ""
        width: parent.width
        text: root.error
        color: Theme.danger
        strong: true
    }

    PaddedField {
        id: input

        pad: root.pad
        objectName: root.name
        width: parent.width
        height: Theme.target
        leftPadding: Theme.mm(4)
        rightPadding: Theme.mm(4)
        font.pixelSize: Theme.large
        color: Theme.ink
        placeholderText: root.placeholder
        placeholderTextColor: Theme.muted
        maximumLength: root.maximumLength
        inputMethodHints: (root.pad !== "" ? Qt.ImhDigitsOnly : Qt.ImhNoPredictiveText) | Qt.ImhSensitiveData | (root.capitals ? Qt.ImhLatinOnly | Qt.ImhUppercaseOnly : 0)
        echoMode: root.secret ? TextInput.Password : TextInput.Normal
        text: root.value
        Accessible.name: root.label
        onTextEdited: root.edited(text)
        onPreeditTextChanged: root.focused()
        onActiveFocusChanged: if (activeFocus)
            root.focused()

        background: Rectangle {
            radius: Theme.radius
            color: Theme.surface
            border {
                width: input.activeFocus || root.error !== "" ? Theme.strongStroke : Theme.stroke
                color: root.error !== "" ? Theme.danger : input.activeFocus ? Theme.primary : Theme.muted
            }
        }
    }
}
