pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// Language, and large print.
Row {
    id: root

    spacing: Theme.gap

    Repeater {
        model: ["zh", "en"]

        ActionButton {
            required property string modelData

            objectName: "lang_" + modelData
            kind: App.language === modelData ? "primary" : "secondary"
            text: I18n.s["app_" + modelData]
            onTapped: App.setLanguage(modelData)
        }
    }

    ActionButton {
        objectName: "elder"
        text: App.elder ? I18n.s.app_standard : I18n.s.app_elder
        onTapped: App.setElder(!App.elder)
    }
}
