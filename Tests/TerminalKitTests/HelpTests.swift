import Testing

@testable import TerminalKit

@Suite struct HelpTests {
    @Test func `the help of a program lists its commands under titles`() throws {
        #expect(
            try Sample.table.help([]) == """
                book: a book of business, with or without a network, for people who travel a
                good deal

                usage: book COMMAND [options]

                look things up:
                  status                   Shows how far things are.
                  customers list           Lists customers.
                  customers show CUSTOMER  Shows one customer.

                change things:
                  budget set CUSTOMER AMOUNT  Queues a new budget, which is shown as pending
                                              until the server has taken or refused it.

                options everywhere:
                  --json     answer in JSON
                  --help     show help
                  --version  show the version

                more: book COMMAND --help; also: manual, completion SHELL

                """)
    }

    @Test func `the help of a command has its sentence, synopsis, options and examples`() throws {
        #expect(
            try Sample.table.help(["budget", "set", "acme"]) == """
                Queues a new budget, which is shown as pending until the server has taken or
                refused it.

                usage: book budget set CUSTOMER AMOUNT [--type TYPE] [--on-exhaustion ACTION]
                       [--dry-run]

                options:
                  --type TYPE             monthly or one-time (default: as it is, else monthly)
                  --on-exhaustion ACTION  what happens when all of it is used: manual or freeze
                  --dry-run               check only

                options everywhere:
                  --json     answer in JSON
                  --help     show help
                  --version  show the version

                examples:
                  book budget set acme 500
                  book budget set 'Acme and Sons' 500 --type monthly --on-exhaustion freeze \\
                    --dry-run

                """)
    }

    @Test func `the help of a group lists its commands alone`() throws {
        let text = try Sample.table.help(["customers"])
        #expect(text.contains("customers list") && text.contains("customers show"))
        #expect(!text.contains("budget"))
    }

    @Test func `a name too long for its column has a line to itself`() throws {
        let name = "import with-a-name-that-goes-on-and-on"
        let table = CommandTable(
            program: "b", summary: "s", globals: [],
            commands: [CommandSpec(name, "Imports.", examples: []), CommandSpec("x", "Does x.", examples: [])])
        #expect(try table.help([]).contains("  \(name)\n     Imports.\n  x  Does x.\n"))
    }

    @Test func `a manual page fits a terminal of 80 columns and keeps options whole`() throws {
        let page = Sample.table.manualPage()
        #expect(page.contains(".nr HY 0\n"), "man(7) would hyphenate again after each paragraph")
        #expect(page.contains("[\\-\\-type\\ TYPE] [\\-\\-on\\-exhaustion\\ ACTION]"))
        #expect(
            page.contains(
                """
                \\&book budget set \\(aqAcme and Sons\\(aq 500 \\-\\-type monthly \\(rs
                \\&  \\-\\-on\\-exhaustion freeze \\-\\-dry\\-run
                """))
        #expect(page.contains(".I COMMAND\n"))
    }
}
