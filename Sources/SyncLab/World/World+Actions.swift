import Diagnostics
import LedgerStore
import PartnerModel
import ReplicaStore
import SQLiteKit
import SyncCore
import SyncEngine
import SyncProtocol

extension World {
    /// Seconds of simulated time in which a healed world must come to rest.
    static let settleSeconds: Int64 = 3600

    private func agent(_ name: String) -> LabAgent? { agents.first { $0.member.name == name } }

    /// Carries out one step of a scenario at the present moment. Expectations are judged by the runner.
    func perform(_ action: Action, order: [String]) {
        switch action {
        case .wait(let seconds): run(to: time.now + Int64(seconds) * 1_000_000)
        case .heal: heal()
        case .settle: settle()
        case .bothOrders(let names):
            for name in order.isEmpty ? names : order {
                if name == Scenario.system { carryOutPutOff() }
                guard let agent = agent(name) else { continue }
                connect(agent)
                settle(only: [agent])
            }
        case .expect: break
        case .later(let action): putOff.append(action)
        case .system(let write): systemWrite(write)
        case .serverStop:
            tell("server", "stops")
            stopServer()
        case .serverStart: if !server.isUp { startServer() }
        case .serverKill(let write): killServer(write, powerLoss: false)
        case .serverPowerLoss(let write): killServer(write, powerLoss: true)
        default: if let name = action.member, let agent = agent(name) { perform(action, agent) }
        }
    }

    private func perform(_ action: Action, _ agent: LabAgent) {
        tell(agent.member.name, action.text)
        record(.stimulus(agent: agent.index))
        // Who comes to a sleeping machine wakes it.
        if agent.isAsleep, action.isOfPerson { wake(agent) }
        switch action {
        case .start: start(agent)
        case .stop:
            agent.stop()
            agent.isWanted = false
        case .kill(_, let write): kill(agent, write, powerLoss: false)
        case .powerLoss(_, let write): kill(agent, write, powerLoss: true)
        case .offline: agent.isOnline = false
        case .sleep(_, let seconds):
            agent.sleepsUntil = max(agent.sleepsUntil, time.now + Int64(seconds) * 1_000_000)
            queue.add(.wake(agent: agent.index), at: agent.sleepsUntil)
        case .online: connect(agent)
        case .edit(_, let wish): edit(agent, wish)
        case .edits(_, let wishes, let tie): edit(agent, wishes, tie)
        case .discard(_, let number): withEdit(number, agent) { store, number in try store.discard(number) }
        case .resend(_, let number): makeFrom(number, agent) { try $0.resend($1) }
        case .undo(_, let number): makeFrom(number, agent) { try $0.undo($1) }
        case .decide(_, let decision): decide(agent, decision)
        case .sync: agent.handle(.syncRequested)
        case .syncRecords:
            record(.recordsAsked(agent: agent.index))
            agent.handle(.recordsRequested)
        case .metered(_, let bytes):
            agent.meter(Allowance.Terms(isMetered: true, dailyBytes: bytes.map(Int64.init)))
        case .unmetered: agent.meter(Allowance.Terms())
        case .look: agent.observe(reads: true)
        case .hold: agent.holdReader()
        case .release: agent.releaseReader()
        case .network(_, let fault, let lane, let count):
            agent.faults.append(LabAgent.PlannedFault(fault: fault, lane: lane, left: count))
        case .clock(_, let fault): agent.clock.take(fault)
        case .disk(_, let fault): take(fault, agent)
        case .revoke: onServer { try server.revoke(account: agent.account) }
        case .renew: renew(agent)
        case .useToken(_, let other):
            // A replica belongs to the first member whose token it used; this is about one that has its own.
            guard agent.store?.identity.member == agent.member.account else { return }
            if let other = agents.first(where: { $0.member.name == other }) {
                restart(agent, account: other.account, token: other.token)
            }
        default: break
        }
    }

    /// It is the turn of those who are no members.
    private func carryOutPutOff() {
        let actions = putOff
        putOff.removeAll()
        for action in actions { perform(action, order: []) }
    }

    // MARK: Machines

    func start(_ agent: LabAgent) {
        agent.isWanted = true
        if !agent.isUp { startOrRetry(agent) }
    }

    private func connect(_ agent: LabAgent) {
        agent.isOnline = true
        agent.handle(.linkCameUp)
    }

    private func kill(_ agent: LabAgent, _ write: Int?, powerLoss: Bool) {
        guard agent.isUp else { return }
        agent.diesByPowerLoss = powerLoss
        if let write {
            agent.disk.die(atWrite: write)
        } else {
            agent.disk.die()
            crash(agent)
        }
    }

    private func killServer(_ write: Int?, powerLoss: Bool) {
        guard server.isUp else { return }
        server.diesByPowerLoss = powerLoss
        if let write {
            server.disk.die(atWrite: write)
        } else {
            server.disk.die()
            crashServer()
        }
    }

    private func take(_ fault: DiskFault, _ agent: LabAgent) {
        agent.diskFailed()
        switch fault {
        case .full: agent.disk.isFull = true
        case .free: agent.disk.isFull = false
        case .error(let write): agent.disk.fail(atWrite: write)
        }
    }

    /// The person sets the replica up with another token, which restarts it.
    private func restart(_ agent: LabAgent, account: String, token: String) {
        let wasUp = agent.isUp
        agent.stop()
        (agent.account, agent.token) = (account, token)
        if wasUp { startOrRetry(agent) }
    }

    private func renew(_ agent: LabAgent) {
        onServer {
            let account = agent.member.account
            let token = try server.newToken(
                account: account, chance: LabChance(seed: Mix.of(seed, 12, UInt64(tokens.count))))
            tokens[token] = account
            restart(agent, account: account, token: token)
        }
    }

    private func onServer(_ body: () throws -> Void) {
        guard server.isUp else { return }
        do { try body() } catch { if !server.disk.isDead { note("the server refuses: \(error)") } }
        if server.disk.isDead { crashServer() }
    }

    private func systemWrite(_ write: SystemWrite) {
        guard server.isUp, let ledger = server.writer else { return }
        tell("system", write.text)
        switch write {
        case .role, .disable, .enable: changeAccount(write)
        default:
            do { try SystemWriter(ledger: ledger, now: server.clock.now().seconds).run(write) } catch {
                if !server.disk.isDead { note("a system write failed: \(error)") }
            }
            if server.disk.isDead { crashServer() } else { lookAtTruth(isPush: false) }
        }
        for agent in agents { record(.stimulus(agent: agent.index)) }
    }

    // MARK: People

    private func edit(_ agent: LabAgent, _ wish: Wish) {
        guard let key = keys[wish.customer] else { return }
        let draft = EditDraft(customer: CustomerKey(key), intent: wish.intent(now: agent.clock.now().seconds))
        add(agent, asked: draft.intent) { [try $0.add(draft)] }
    }

    private func edit(_ agent: LabAgent, _ wishes: [Wish], _ tie: EditTie) {
        let now = agent.clock.now().seconds
        let drafts = wishes.compactMap { wish in
            keys[wish.customer].map { EditDraft(customer: CustomerKey($0), intent: wish.intent(now: now)) }
        }
        add(agent, count: drafts.count) { try $0.add(drafts, link: tie == .together ? .group : .dependsOnFirst) }
    }

    /// A new edit that is made from an earlier one.
    private func makeFrom(
        _ number: Int, _ agent: LabAgent, _ body: (ReplicaStore, EditNumber) throws -> OutboxEdit
    ) {
        guard agent.made.indices.contains(number - 1), case .accepted(let number) = agent.made[number - 1] else {
            return
        }
        add(agent) { [try body($0, EditNumber(number))] }
    }

    private func decide(_ agent: LabAgent, _ decision: Decision) {
        let found = try? agent.eye?.current()?.statement(
            "SELECT key, customer FROM conflict WHERE status = 'open' ORDER BY key LIMIT 1"
        ).first { (ConflictKey($0.int64(0)), CustomerKey($0.int64(1))) }
        guard let (conflict, customer) = found else { return }
        let choice = decision.choice(now: agent.clock.now().seconds)
        add(agent) { [try $0.add(EditDraft(customer: customer, intent: .decideConflict(conflict, choice)))] }
    }

    /// A person asks for edits at once: accepted and then durable, or refused with a reason.
    private func add(
        _ agent: LabAgent, count: Int = 1, asked: EditIntent? = nil, _ body: (ReplicaStore) throws -> [OutboxEdit]
    ) {
        guard let result = agent.command(body) else {
            if agent.store != nil { agent.afterWork() }
            return
        }
        switch result {
        case .success(let edits):
            agent.observe()
            for number in edits.map(\.number.value) {
                agent.made.append(.accepted(number))
                let payload = agent.edits.first { $0.number == number }?.payload ?? 0
                record(.accepted(agent: agent.index, number: number, payload: payload))
                tell(agent.member.name, "edit \(number) is saved")
                tellCombined(agent, number, asked)
            }
            agent.observe(reads: true)
            agent.handle(.editAdded)
        case .failure(let error):
            let failure = error as? StoreError
            let code = failure?.violation?.code ?? failure?.code.rawValue ?? "other"
            for _ in 0..<count { agent.made.append(.refused(code: code)) }
            tell(agent.member.name, "refused: \(error)")
            agent.afterWork()
        }
    }

    /// Records which edits went into a new one, with what was asked for.
    private func tellCombined(_ agent: LabAgent, _ number: Int64, _ intent: EditIntent?) {
        for mark in agent.edits where mark.combinedInto == number {
            guard let older = try? agent.eye?.wire(mark.number), let newer = try? agent.eye?.wire(number) else {
                continue
            }
            let asked = intent.map { intent in
                var asked = V1.Edit(number: number, kind: "", customer: newer.customer.value, base: 0, deviceTime: 0)
                asked.setIntent(intent)
                return asked
            }
            record(.combined(agent: agent.index, Combination(older: older, newer: newer, asked: asked)))
            tell(agent.member.name, "edit \(mark.number) goes into edit \(number)")
        }
    }

    private func withEdit(_ number: Int, _ agent: LabAgent, _ body: (ReplicaStore, EditNumber) throws -> Void) {
        guard agent.made.indices.contains(number - 1), case .accepted(let number) = agent.made[number - 1] else {
            return
        }
        _ = agent.command { try body($0, EditNumber(number)) }
        agent.afterWork()
        agent.handle(.editAdded)
    }

    // MARK: Healing

    private func heal() {
        for agent in agents {
            agent.faults.removeAll()
            agent.disk.heal()
            agent.clock.take(.right)
            agent.isOnline = true
            agent.releaseReader()
            agent.meter(Allowance.Terms())
            wake(agent)
        }
        server.disk.heal()
        if !server.isUp { startServer() }
        record(.healed)
        for agent in agents {
            start(agent)
            record(.stimulus(agent: agent.index))
            agent.handle(.linkCameUp)
        }
    }

    private func settle(only wanted: [LabAgent]? = nil) {
        let waiting = wanted ?? agents.filter(\.isWanted)
        run(to: time.now + World.settleSeconds * 1_000_000) { waiting.allSatisfy { self.isAtRest($0) } }
        if wanted == nil { record(.ended(settled: waiting.allSatisfy { self.isAtRest($0) } && !isRunaway)) }
    }

    /// Nothing is left for the agent to do: it stands where the server stands, or a person has to act.
    private func isAtRest(_ agent: LabAgent) -> Bool {
        guard let status = agent.engine?.status, time.now >= agent.isUnawareUntil else { return false }
        switch status.phase {
        case .needsLogin, .blocked: return true
        case .inSync, .needsPerson:
            return agent.image?.sequence == server.eye?.sequence && agent.engine?.push.state == .idle
        case .metered:
            // What waits goes on another day, or when somebody asks for it.
            guard agent.engine?.push.state == .idle, status.metering.feedWaits || status.outbox.resulted == 0 else {
                return false
            }
            return status.metering.feedWaits || agent.image?.sequence == server.eye?.sequence
        default: return false
        }
    }
}

extension Action {
    /// Somebody sits at the machine.
    var isOfPerson: Bool {
        switch self {
        case .start, .stop, .online, .edit, .edits, .discard, .resend, .undo, .decide, .sync, .syncRecords, .look,
            .renew, .useToken:
            true
        default: false
        }
    }
}

extension Wish {
    /// The intent of the product for a wish made at a moment of the device's clock.
    func intent(now: Int64) -> EditIntent {
        switch self {
        case .budget(_, let cents, let type, let action, let thisCycle):
            .setBudget(
                Budget(amount: SystemWriter.money(cents), type: type ?? .monthly, onExhaustion: action ?? .manual),
                validThrough: thisCycle ? BillingCycle(containing: now) : nil)
        case .adjust(_, let cents): .adjustBudget(delta: SystemWriter.money(cents), validThrough: nil)
        case .freeze(_, let kind, let reason): .freeze(kind, reason: reason)
        case .unfreeze(_, let kind): .unfreeze(kind, reason: "paid", seen: [])
        case .discount(_, let share, let days): .setDiscount(Decision.grant(share, days: days, now: now))
        case .cancelDiscount: .cancelDiscount
        case .manager(_, let account): account.map { .assignManager($0) } ?? .withdrawManager
        case .label(_, let label): .setLabel(label)
        case .request(_, let approve): .decideRequest(approve: approve)
        }
    }
}

extension Decision {
    func choice(now: Int64) -> ConflictChoice {
        switch self {
        case .mine: .mine
        case .theirs: .theirs
        case .budget(let cents): .budget(SystemWriter.budget(cents))
        case .discount(let share): .discount(Decision.grant(share, days: 30, now: now))
        case .freeze(let kind): .freeze(kind)
        }
    }

    static func grant(_ share: Int64, days: Int, now: Int64) -> Discount {
        Discount(
            percent: BasisPoints(share), validFrom: Timestamp(seconds: now),
            validUntil: Timestamp(seconds: now + Int64(days) * 86_400))
    }
}
