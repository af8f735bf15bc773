pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// One field of the form, by its type.
Column {
    id: root

    required property var modelData
    property bool alone: true
    property string chosen: modelData.value
    readonly property string error: Question.errors[modelData.id] || ""
    signal shown(Item item)

    spacing: Theme.mm(3)

    Txt {
        visible: root.modelData.type === "choice" && (!root.alone || root.modelData.choices.length > 4)
        width: parent.width
        text: root.modelData.label
        strong: true
    }

    Txt {
        objectName: root.modelData.type === "choice" ? "error_" + root.modelData.id : ""
        visible: root.modelData.type === "choice" && root.error !== ""
        width: parent.width
        text: root.error
        color: Theme.danger
        strong: true
    }

    Grid {
        id: grid

        width: parent.width
        visible: root.modelData.type === "choice"
        columns: root.width > Theme.mm(300) || (root.modelData.choices.length > 4 && !Theme.elder) ? 2 : 1
        spacing: Theme.gap

        Repeater {
            model: root.modelData.type === "choice" ? root.modelData.choices : []

            ChoiceRow {
                required property var modelData

                objectName: root.modelData.id + "_" + modelData.value
                width: (grid.width - (grid.columns - 1) * grid.spacing) / grid.columns
                text: modelData.label
                hint: modelData.hint
                chosen: root.chosen === modelData.value
                onTapped: {
                    root.chosen = modelData.value;
                    Question.answer(root.modelData.id, modelData.value);
                }
            }
        }
    }

    Loader {
        width: parent.width
        active: root.modelData.type === "date"
        visible: active

        sourceComponent: DateEntry {
            label: root.modelData.label
            hint: root.modelData.hint
            name: root.modelData.id
            value: root.modelData.value
            error: root.error
            onEdited: text => Question.answer(root.modelData.id, text)
            onFocused: item => root.shown(item)
        }
    }

    Loader {
        id: line

        width: parent.width
        active: root.modelData.type !== "date" && root.modelData.type !== "choice"
        visible: active

        sourceComponent: Entry {
            label: root.modelData.label
            hint: root.modelData.hint
            name: root.modelData.id
            value: root.modelData.value
            error: root.error
            maximumLength: root.modelData.maxLength
            pad: root.modelData.type === "phone" || root.modelData.type === "bank_card" ? "digits" : root.modelData.type === "id_number" ? "identity" : ""
            onEdited: text => Question.answer(root.modelData.id, text)
            onFocused: root.shown(line)
        }
    }
}
