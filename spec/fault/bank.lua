-- The bank: accounts between which money is moved in every way that a client offers, from threads and coroutines; and what must be true of them at
-- any time. Each transfer has its own key, so it can be counted afterwards.
local bank = {}

bank.ACCOUNTS, bank.START = 24, 1000

bank.schema = [[
model Account {
  id      Int    @id
  balance Int
  lines   Line[]
}
model Transfer {
  key    String @id
  way    String
  amount Int
  lines  Line[]
}
model Line {
  id          Int      @id @default(autoincrement())
  amount      Int
  transferKey String
  accountId   Int
  transfer    Transfer @relation(fields: [transferKey], references: [key])
  account     Account  @relation(fields: [accountId], references: [id])
}
]]

function bank.fill(db)
  local rows = {}
  for i = 1, bank.ACCOUNTS do rows[i] = { id = i, balance = bank.START } end
  db.account:create_many { data = rows }
end

-- Random numbers; each actor has its own seed.
function bank.random(seed)
  return function(n)
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 33) % n + 1
  end
end

local function transfer_row(t)
  return { key = t.key, way = t.way, amount = t.amount, lines = { create = {
    { amount = -t.amount, accountId = t.from }, { amount = t.amount, accountId = t.to } } } }
end

-- Accounts are locked in the order of their numbers, so transfers do not deadlock.
local function ordered(t)
  if t.from < t.to then return { { t.from, -t.amount }, { t.to, t.amount } } end
  return { { t.to, t.amount }, { t.from, -t.amount } }
end

local function move(calls, t)
  for _, side in ipairs(ordered(t)) do
    calls.account:update { where = { id = side[1] }, data = { balance = { increment = side[2] } } }
  end
end

-- A caller that watches the clock replaces this function.
function bank.transact(db, fn, options) return db:transaction(fn, options) end

-- The error of a caller that changes its mind.
bank.REGRET = "changed my mind"

local ways = {}

function ways.steps(db, t, options)
  bank.transact(db, function(tx)
    move(tx, t)
    tx.transfer:create { data = transfer_row(t) }
    if t.regret then error(bank.REGRET, 0) end
  end, options)
end

-- Writes back what was read, so a lost update would be noticed.
local function read_then_write(level)
  return function(db, t, options)
    local own = { isolation_level = level, retries = 60 }
    for key, value in pairs(options) do own[key] = value end
    bank.transact(db, function(tx)
      local found = {}
      for _, account in ipairs(tx.account:find_many { where = { id = { ["in"] = { t.from, t.to } } } }) do found[account.id] = account.balance end
      for _, side in ipairs(ordered(t)) do
        tx.account:update { where = { id = side[1] }, data = { balance = found[side[1]] + side[2] } }
      end
      tx.transfer:create { data = transfer_row(t) }
      if t.regret then error(bank.REGRET, 0) end
    end, own)
  end
end
ways.serializable = read_then_write "serializable"
ways.repeatable = read_then_write "repeatable read"

function ways.batch(db, t)
  db:batch(function(b)
    move(b, t)
    b.transfer:create { data = transfer_row(t) }
    if t.regret then b.transfer:create { data = transfer_row(t) } end -- the same key: nothing of the batch may remain
  end)
end

function ways.savepoint(db, t, options)
  bank.transact(db, function(tx)
    local ok, e = pcall(tx.transaction, tx, function(inner)
      inner.account:update { where = { id = math.min(t.from, t.to) }, data = { balance = { increment = 1000000 } } }
      error(bank.REGRET, 0)
    end)
    if ok or e ~= bank.REGRET then error(e, 0) end
    tx:transaction(function(inner) move(inner, t) end)
    tx.transfer:create { data = transfer_row(t) }
    if t.regret then error(bank.REGRET, 0) end
  end, options)
end

-- One account with its line in a nested write, guarded by the balance; raw SQL for the other.
function ways.nested(db, t, options)
  bank.transact(db, function(tx)
    for _, side in ipairs(ordered(t)) do
      if side[2] < 0 then
        local found = tx.account:update_many { where = { id = side[1], balance = { gte = -1000000 } }, data = { balance = { decrement = -side[2] } } }
        assert(found.count == 1)
      else
        assert(tx:execute_raw('UPDATE "Account" SET balance = balance + $1 WHERE id = $2', side[2], side[1]) == 1)
      end
    end
    tx.transfer:create { data = { key = t.key, way = t.way, amount = t.amount } }
    tx.transfer:update { where = { key = t.key }, data = { lines = transfer_row(t).lines } }
    if t.regret then error(bank.REGRET, 0) end
  end, options)
end

local names = { "steps", "serializable", "repeatable", "batch", "savepoint", "nested" }
-- SQLite has one level and one writer, so there are no conflicts.
local names_of_sqlite = { "steps", "serializable", "batch", "savepoint", "nested" }

function bank.ways(engine) return engine == "sqlite" and names_of_sqlite or names end

function bank.new_transfer(engine, key, random)
  local list = bank.ways(engine)
  local from, to = random(bank.ACCOUNTS), random(bank.ACCOUNTS)
  if from == to then to = from % bank.ACCOUNTS + 1 end
  return { key = key, from = from, to = to, amount = random(50), way = list[random(#list)], regret = random(10) == 1 }
end

function bank.transfer(db, t, options) return ways[t.way](db, t, options) end

-- Reads. Each checks its rows, and returns nil or what is wrong.

local TOTAL = bank.ACCOUNTS * bank.START
local reads = {}

function reads.sum(db)
  local sum = db.account:aggregate({ _sum = { balance = true } })._sum.balance
  if sum ~= TOTAL then return ("the sum of the balances is %s"):format(tostring(sum)) end
end

function reads.batch(db)
  local accounts, count = db:batch(function(b)
    b.account:find_many {}
    b.account:count {}
  end)
  if #accounts ~= count or count ~= bank.ACCOUNTS then return ("%d accounts, counted %d"):format(#accounts, count) end
  local sum = 0
  for _, account in ipairs(accounts) do sum = sum + account.balance end
  if sum ~= TOTAL then return ("the sum of the rows is %d"):format(sum) end
end

-- A visible transfer has both its lines: one statement for the transfers and one for the lines, in one snapshot.
function reads.lines(db, options, engine)
  local own = { read_only = true, isolation_level = engine == "postgresql" and "repeatable read" or nil }
  for key, value in pairs(options) do own[key] = value end
  return bank.transact(db, function(tx)
    local found = tx.transfer:find_many { include = { lines = true }, order_by = { key = "desc" }, take = 20 }
    for _, t in ipairs(found) do
      if #t.lines ~= 2 or t.lines[1].amount + t.lines[2].amount ~= 0 then return ("transfer %s has %d lines"):format(t.key, #t.lines) end
    end
    return reads.sum(tx)
  end, own)
end

function reads.stream(db)
  local sum = 0
  for account in db.account:each { batch = 10 } do sum = sum + account.balance end
  if sum ~= TOTAL then return ("the sum of the stream is %d"):format(sum) end
end

function reads.raw(db)
  local sum = db:query_raw('SELECT sum(balance)::int AS sum FROM "Account"')[1].sum
  if sum ~= TOTAL then return ("the sum in SQL is %s"):format(tostring(sum)) end
end

local read_names = { "sum", "batch", "lines", "stream", "raw" }

function bank.read(db, random, options, engine)
  local name = read_names[random(#read_names - (engine == "sqlite" and 1 or 0))]
  return reads[name](db, options, engine)
end

-- Checks everything when nothing runs. `known`: the keys by the outcome that their callers got, { acked = set, refused = set, unknown = set }.
-- `in_flight`: how many may exist whose caller got no outcome. Returns a list of what is wrong, and the number of transfers.
function bank.audit(db, known, in_flight)
  local wrong, strangers = {}, 0
  local function say(text, ...) wrong[#wrong + 1] = text:format(...) end
  local seen, balances = {}, {}
  for i = 1, bank.ACCOUNTS do balances[i] = bank.START end
  local count = 0
  for t in db.transfer:each { include = { lines = true }, batch = 1000 } do
    count = count + 1
    seen[t.key] = true
    if #t.lines ~= 2 then say("transfer %s has %d lines", t.key, #t.lines) end
    for _, line in ipairs(t.lines) do balances[line.accountId] = balances[line.accountId] + line.amount end
    if known.refused[t.key] then say("transfer %s is there, but was said to have failed", t.key) end
    if not known.acked[t.key] and not known.unknown[t.key] then strangers = strangers + 1 end
  end
  for key in pairs(known.acked) do
    if not seen[key] then say("transfer %s was acknowledged and is not there", key) end
  end
  if strangers > (in_flight or 0) then say("%d transfers are there of which nobody knows", strangers) end
  for _, account in ipairs(db.account:find_many {}) do
    if account.balance ~= balances[account.id] then
      say("account %d has %d, by its lines %d", account.id, account.balance, balances[account.id])
    end
  end
  local sum = reads.sum(db)
  if sum then say("%s", sum) end
  return wrong, count
end

return bank
