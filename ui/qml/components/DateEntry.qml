pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// Year, month and day as digits; together an ISO date. What is no date is told by the form, not hidden here.
Column {
    id: root

    property string label: ""
    property string hint: ""
    property string error: ""
    property string value: ""
    property string name: ""
    signal edited(string text)
    signal focused(Item item)

    readonly property var parts: value.split("-")

    function part(index: int): string {
        return parts.length === 3 ? String(Number(parts[index])) : "";
    }

    function collect() {
        const y = year.field.text, m = month.field.text, d = day.field.text;
        root.edited(y || m || d ? y.padStart(4, "0") + "-" + m.padStart(2, "0") + "-" + d.padStart(2, "0") : "");
    }

    spacing: Theme.mm(2)

    Txt {
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

    Row {
        id: row

        readonly property real unit: (Math.min(root.width, Theme.mm(170)) - 2 * Theme.gap) / 7

        spacing: Theme.gap

        Entry {
            id: year

            width: row.unit * 3
            label: I18n.s.question_year
            name: root.name + "_year"
            maximumLength: 4
            pad: "digits"
            onEdited: {
                root.collect();
                if (field.text.length === 4)
                    month.field.forceActiveFocus();
            }
            onFocused: root.focused(root)
        }

        Entry {
            id: month

            width: row.unit * 2
            label: I18n.s.question_month
            name: root.name + "_month"
            maximumLength: 2
            pad: "digits"
            onEdited: {
                root.collect();
                if (field.text.length === 2)
                    day.field.forceActiveFocus();
            }
            onFocused: root.focused(root)
        }

        Entry {
            id: day

            width: row.unit * 2
            label: I18n.s.question_day
            name: root.name + "_day"
            maximumLength: 2
            pad: "digits"
            onEdited: root.collect()
            onFocused: root.focused(root)
        }
    }

    Component.onCompleted: {
        year.value = part(0);
        month.value = part(1);
        day.value = part(2);
    }
}
