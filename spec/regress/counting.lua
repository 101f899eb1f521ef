-- What a piece of work costs: statements and round trips, as the client counts them.
local counting = {}

-- Runs fn; returns statements, round trips, and fn's first result.
function counting.of(db, fn, ...)
  local before = db:metrics().calls
  local result = fn(...)
  local after = db:metrics().calls
  return after.statements - before.statements, after.round_trips - before.round_trips, result
end

-- The SQL of the statements that a call would send.
function counting.sql(model, call)
  local list = {}
  for i, statement in ipairs(model:explain(call).statements) do list[i] = statement.sql end
  return list
end

return counting
