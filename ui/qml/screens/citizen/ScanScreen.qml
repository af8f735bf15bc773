pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Live preview, capture by itself, pages taken, promise in place of the paper.
BaseScreen {
    id: root

    primaryText: I18n.s.app_next
    primaryEnabled: Scan.enough
    onPrimary: Scan.proceed()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(4)

        Txt {
            text: App.progressText
            color: Theme.muted
        }

        Txt {
            objectName: "scan_title"
            width: parent.width
            text: Scan.title
            font.pixelSize: Theme.title
            strong: true
        }

        Txt {
            width: parent.width
            text: Scan.help
            color: Theme.muted
        }

        Notice {
            width: parent.width
            tone: Scan.tone
            text: Scan.promised ? I18n.s.scan_promised : Scan.message
            picture: Scan.picture === "" ? "" : App.pictures + "hints/" + Scan.picture + ".svg"
        }

        // Lying, what was taken stands beside the picture; upright, below it.
        Flow {
            width: parent.width
            spacing: Theme.gap

            LiveView {
                id: stage

                width: root.landscape ? Math.min(parent.width * 0.6, height * 16 / 9) : parent.width
                height: root.landscape ? root.height * 0.48 : width * 0.5625
                visible: !Scan.promised
                good: Scan.good

                Connections {
                    target: Scan

                    function onCaptured() {
                        stage.flash();
                    }
                }
            }

            Column {
                width: parent.width - (root.landscape && !Scan.promised ? stage.width + parent.spacing : 0)
                spacing: Theme.gap

                Panel {
                    width: parent.width
                    visible: Scan.promise !== ""
                    height: visible ? promise.implicitHeight + Theme.mm(10) : 0

                    Column {
                        id: promise

                        anchors {
                            left: parent.left
                            right: parent.right
                            verticalCenter: parent.verticalCenter
                            margins: Theme.mm(5)
                        }
                        spacing: Theme.mm(4)

                        Txt {
                            width: parent.width
                            text: Scan.promise
                        }

                        ActionButton {
                            objectName: "promise"
                            text: Scan.promised ? I18n.s.scan_promise_undo : I18n.s.scan_promise
                            onTapped: Scan.setPromised(!Scan.promised)
                        }
                    }
                }

                Flow {
                    width: parent.width
                    spacing: Theme.gap

                    Repeater {
                        model: Scan.pages

                        Panel {
                            id: page

                            required property var modelData
                            required property int index

                            width: Theme.mm(56)
                            height: thumb.height + acts.height + Theme.mm(8)
                            border {
                                width: page.modelData.again ? Theme.strongStroke : 1
                                color: page.modelData.again ? Theme.primary : Theme.line
                            }

                            Image {
                                id: thumb

                                anchors {
                                    top: parent.top
                                    topMargin: Theme.mm(2)
                                    horizontalCenter: parent.horizontalCenter
                                }
                                objectName: "thumb_" + page.index
                                width: parent.width - Theme.mm(4)
                                height: Theme.mm(44)
                                fillMode: Image.PreserveAspectFit
                                cache: false
                                sourceSize: Qt.size(width, height)
                                source: "image://pages/" + page.modelData.id
                            }

                            Column {
                                id: acts

                                anchors {
                                    bottom: parent.bottom
                                    bottomMargin: Theme.mm(2)
                                    horizontalCenter: parent.horizontalCenter
                                }
                                width: parent.width - Theme.mm(4)
                                spacing: Theme.mm(2)

                                ActionButton {
                                    objectName: "retake_" + page.index
                                    width: parent.width
                                    kind: "quiet"
                                    text: page.modelData.again ? I18n.s.scan_keep : I18n.s.scan_retake
                                    onTapped: Scan.retake(page.modelData.id)
                                }

                                ActionButton {
                                    objectName: "remove_" + page.index
                                    width: parent.width
                                    kind: "quiet"
                                    text: I18n.s.scan_remove
                                    onTapped: Scan.remove(page.modelData.id)
                                }

                                ActionButton {
                                    objectName: "forward_" + page.index
                                    visible: page.index > 0
                                    width: parent.width
                                    kind: "quiet"
                                    text: I18n.s.scan_forward
                                    onTapped: Scan.moveForward(page.modelData.id)
                                }
                            }
                        }
                    }

                    ActionButton {
                        objectName: "take_now"
                        visible: !Scan.promised && Scan.wanted && Scan.cameraWorks
                        text: I18n.s.scan_take
                        onTapped: Scan.takeNow()
                    }
                }
            }
        }
    }
}
