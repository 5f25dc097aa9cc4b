import TerminalKit
import Testing

@testable import fieldbook
@testable import fieldbook_lab
@testable import fieldbook_server
@testable import fieldbookd

struct CommandTableTests {
    @Test func `every command is documented, and its examples run it`() {
        for table in [CommandList.table, ServerCommands.table, FieldbookDaemon.table, LabCommands.table] {
            #expect(table.problems() == [], "\(table.program)")
        }
    }
}
