-- An action whose work can be seen to be whole: a batch, all its lines, and the counter of batches; made or not made together.
local work = {}

work.LINES = 400

work.schema = [[
model Batch {
  id    Int    @id @default(autoincrement())
  name  String @unique
  lines Line[]
}
model Line {
  id      Int    @id @default(autoincrement())
  text    String
  batchId Int
  batch   Batch  @relation(fields: [batchId], references: [id])
}
model Total {
  id      Int @id
  batches Int @default(0)
}
]]

local function noop() end

-- Makes the action. `points`: functions that are called there: at_first, in_run, before_commit, after_commit and after_rollback. `options`: of the
-- transaction.
function work.action(db, points, options)
  local text = ("x"):rep(1000)
  return db:action {
    input = { model = "batch", allow = { "name" } },
    run = function(tx, input)
      tx:after_commit(points.after_commit or noop)
      tx:after_rollback(points.after_rollback or noop);
      (points.at_first or noop)(tx)
      local batch = tx.batch:create { data = input }
      local lines = {}
      for i = 1, work.LINES do lines[i] = { text = text, batchId = batch.id } end
      tx.line:create_many { data = lines }
      tx.total:update { where = { id = 1 }, data = { batches = { increment = 1 } } };
      (points.in_run or noop)(tx)
      return batch
    end,
    redirect = function(batch)
      (points.before_commit or noop)()
      return "/batches/" .. batch.id
    end,
    transaction = options,
  }
end

-- Returns how many batches there are. Raises if one is not whole.
function work.audit(db)
  local batches = db.batch:count()
  local found = { lines = db.line:count(), batches = db.total:find_unique { where = { id = 1 } }.batches }
  if found.lines ~= batches * work.LINES or found.batches ~= batches then
    error(("%d batches, %d lines, counted %d"):format(batches, found.lines, found.batches))
  end
  return batches
end

return work
