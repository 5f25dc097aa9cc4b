/// The words of our own sentences, of the system's errors and of our tables. Whatever else stands in a log or a
/// message is not known to be harmless and stays out of a report.
enum PlainWords {
    static let all = Set(text.split(whereSeparator: \.isWhitespace).map(String.init))

    private static let text = """
        a absolute accept accepted access account ack acknowledge acknowledgement added address adjust administrator
        adopting after again age ages all allowed allows almost alone already among amount an and anew announced
        another answer answered answers anything apart application applied apply approve are argument arguments
        arrive arrived as aside ask asked asks assign associate association at attempt authenticator away back
        backing balance be bears became been before begin begins begun behind belongs between bill bills blocked
        body both bracket brackets break brings broken brought budget budgets bugreport build builds busy but by
        byte bytes cache came can can't cancel cannot captive carries case cause change changed changes character
        characters charset check checkpoint checks chmod choice chunk chunked clear client clock close closed
        coalesce code codes coding column combined come comes comm command commit compare compatible complete conf
        config confirm confirmed confirms conflict conflicts connect connection connections connects contact
        contains content continue control copied copy could count counted coupon coupons current cursor customer
        customers cut cycle daemon daemon's damaged data date day days db dead debug decide decided decision deep
        default defect deleted delta denied departed departures describes description desk device df did digits
        directly director directory disassociate discard discarded discount discounts disk dmesg do doctor does down
        each earlier echo edit edits else emptied enable enabled end ended ends enough enrolled enrols enter entered
        environment epoch error etc event everything exchange excluded exists exit expired export extent face failed
        failing failure family far faults fd feed fetch fetched fewer field fieldbook fieldbookd fields file files
        fill final find finished first fit folder folders follow following for forbidden force forget former found
        framing free freeze freezes from full gave generation give given go gone grave greet greeted greeting half
        hand harm has have head header held hello here history hold holds hook hooks host how http https id identity
        idle if image in info initial input inside inspection install interface internal into invalid is it items
        its itself joined joining json just keep kept key kill killed kind know known knows label laid lane large
        larger last lease leave leaves ledger left length less let letters level lib library lies lifted limits line
        lines linger lingering link list listen listens load loaded loading loads local localhost location lock
        locked locks log logged login loginctl logs long longer look looked looking loopback lost lower machine
        machine's made main make malformed managed manager manual many map may member membership memory mended
        merged message meta method migration mine missing mode moment more mount mounted move moved ms much must
        name named names narrowed need needed needs network networks new newer next no nobody none noop not noted
        nothing notice now ntp number of off official offline ok old older oldest on once one only open openapi
        opens operation operator opposite or order other others ours out outbox outcome output over overdue overflow
        overruled own owner page parent part partner parts passes path paths pause paused payment pb peer pending
        permission permissions permitted person phase pid pipe place plain plan planning port portal predictions
        prepare printable private problem proc process product program programs protected protocol proxy publish
        pull push put queue queued quick quiet quota ran range rather reach reachable reached read reader readonly
        reads reason record records reduce refused refuses region register regular reject rejected relied remove
        removed replace replaced replica replica's reply report reported request required resend resent reset
        resolution resource resources resting restored result resulted results retry revoke revoked right role room
        route row rows rules run running runs same saved says schema scheme scope script search seconds see seen
        self send sending sends sent separator serve server server's service session set setting settings settled
        setup shm short shorten shorter should show shown shrinks side sides signal since six size skew snapshot so
        sock socket some something sound source space speak speaks spool sqlite stand stands start started starting
        starts state statement statm status stays step still stood stop stopped stopping store stored summarised
        sums supported surprising symbolic sync synced syncing system systemctl systemd take taken takes target tell
        temporarily temporary text than that the their them themselves then there they things this those thread
        through tick time timed timedatectl timeout times tls to token tokens too touched trace trailer transaction
        transfer transient tried true try trying tunnel twice type unavailable undo unfinished unfreeze unit unknown
        unmet unreachable unsent unsupported until up upgrade us usage use used user users uses usr utf valid value
        values vanished var verdict version versions very wait waiting waits wal want wants warnings was way web
        were what when where whether which while who whole whose why wipe wiped with withdraw within without word
        works would write writes written wrong wrote yet you your yours yourself
        """
}
