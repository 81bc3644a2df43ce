package viziertest

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// Column is a column of a Table. Its type follows from its values: []bool, []int64, []*vizierpb.UInt128, []time.Time,
// []float64, []string (which need not be UTF-8).
type Column struct {
	Name   string
	Values any
}

// Table is a table with its rows.
type Table struct {
	Name    string
	Columns []Column
}

// maxBatchRows is how many rows come in one message.
const maxBatchRows = 3

// Show describes tables, sends their rows in batches, and statistics at the end.
func Show(tables ...Table) Answer {
	return func(_ *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		for i, t := range tables {
			if err := send(t.Describe(tableID(i))); err != nil {
				return err
			}
		}
		for i, t := range tables {
			for from, rows := 0, t.countRows(); from == 0 || from < rows; from += maxBatchRows {
				if err := send(t.Batch(tableID(i), from, min(from+maxBatchRows, rows))); err != nil {
					return err
				}
			}
		}
		return send(&vizierpb.ExecuteScriptResponse{Result: &vizierpb.ExecuteScriptResponse_Data{Data: &vizierpb.QueryData{
			ExecutionStats: &vizierpb.QueryExecutionStats{Timing: &vizierpb.QueryTiming{ExecutionTimeNs: 1}},
		}}})
	}
}

// Cut shows tables, and breaks the connection after a number of messages.
func Cut(s *Server, after int, tables ...Table) Answer {
	return func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		sent := 0
		return Show(tables...)(q, func(r *vizierpb.ExecuteScriptResponse) error {
			if sent == after {
				s.Cut()
			}
			sent++
			return send(r)
		})
	}
}

// Fail ends the stream with a code, as a cloud does that cannot reach the cluster.
func Fail(code codes.Code, text string) Answer {
	return func(*vizierpb.ExecuteScriptRequest, func(*vizierpb.ExecuteScriptResponse) error) error {
		return status.Error(code, text)
	}
}

// Deploying says that probes are being deployed.
func Deploying(probes ...string) Answer {
	const why = "probe installation in progress"
	return probeStates(int32(codes.Unavailable), why, vizierpb.LifeCycleState_PENDING_STATE, probes)
}

// Undeployable says that probes could not be deployed.
func Undeployable(why string, probes ...string) Answer {
	return probeStates(int32(codes.Internal), why, vizierpb.LifeCycleState_FAILED_STATE, probes)
}

func probeStates(code int32, why string, state vizierpb.LifeCycleState, probes []string) Answer {
	info := &vizierpb.MutationInfo{Status: &vizierpb.Status{Code: code, Message: why}}
	for _, name := range probes {
		info.States = append(info.States, &vizierpb.MutationInfo_MutationState{Id: "id of " + name, State: state, Name: name})
	}
	return Send(&vizierpb.ExecuteScriptResponse{MutationInfo: info})
}

// CompileError says what the compiler says about a script.
func CompileError(line, column uint64, text string) Answer {
	return Send(&vizierpb.ExecuteScriptResponse{Status: &vizierpb.Status{
		Code: int32(codes.InvalidArgument), Message: "Script compilation failed",
		ErrorDetails: []*vizierpb.ErrorDetails{{Error: &vizierpb.ErrorDetails_CompilerError{
			CompilerError: &vizierpb.CompilerError{Line: line, Column: column, Message: text},
		}}},
	}})
}

// Send sends messages as they are.
func Send(messages ...*vizierpb.ExecuteScriptResponse) Answer {
	return func(_ *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		for _, m := range messages {
			if err := send(m); err != nil {
				return err
			}
		}
		return nil
	}
}

func tableID(table int) string { return fmt.Sprintf("table-%d", table) }

// Describe returns the message that describes the table.
func (t Table) Describe(id string) *vizierpb.ExecuteScriptResponse {
	m := &vizierpb.QueryMetadata{Name: t.Name, Id: id, Relation: &vizierpb.Relation{}}
	for _, c := range t.Columns {
		column := &vizierpb.Relation_ColumnInfo{ColumnName: c.Name, ColumnType: c.dataType()}
		m.Relation.Columns = append(m.Relation.Columns, column)
	}
	return &vizierpb.ExecuteScriptResponse{Result: &vizierpb.ExecuteScriptResponse_MetaData{MetaData: m}}
}

// Batch returns the message with some of its rows.
func (t Table) Batch(id string, from, to int) *vizierpb.ExecuteScriptResponse {
	b := &vizierpb.RowBatchData{TableId: id, NumRows: int64(to - from), Eos: to == t.countRows(), Eow: to == t.countRows()}
	for _, c := range t.Columns {
		b.Cols = append(b.Cols, c.valuesBetween(from, to))
	}
	data := &vizierpb.ExecuteScriptResponse_Data{Data: &vizierpb.QueryData{Batch: b}}
	return &vizierpb.ExecuteScriptResponse{Result: data}
}

func (t Table) countRows() int {
	if len(t.Columns) == 0 {
		return 0
	}
	switch v := t.Columns[0].Values.(type) {
	case []bool:
		return len(v)
	case []int64:
		return len(v)
	case []*vizierpb.UInt128:
		return len(v)
	case []time.Time:
		return len(v)
	case []float64:
		return len(v)
	case []string:
		return len(v)
	}
	return 0
}

func (c Column) dataType() vizierpb.DataType {
	switch c.Values.(type) {
	case []bool:
		return vizierpb.DataType_BOOLEAN
	case []int64:
		return vizierpb.DataType_INT64
	case []*vizierpb.UInt128:
		return vizierpb.DataType_UINT128
	case []time.Time:
		return vizierpb.DataType_TIME64NS
	case []float64:
		return vizierpb.DataType_FLOAT64
	case []string:
		return vizierpb.DataType_STRING
	}
	return vizierpb.DataType_DATA_TYPE_UNKNOWN
}

func (c Column) valuesBetween(from, to int) *vizierpb.Column {
	switch v := c.Values.(type) {
	case []bool:
		return &vizierpb.Column{ColData: &vizierpb.Column_BooleanData{BooleanData: &vizierpb.BooleanColumn{Data: v[from:to]}}}
	case []int64:
		return &vizierpb.Column{ColData: &vizierpb.Column_Int64Data{Int64Data: &vizierpb.Int64Column{Data: v[from:to]}}}
	case []*vizierpb.UInt128:
		return &vizierpb.Column{ColData: &vizierpb.Column_Uint128Data{Uint128Data: &vizierpb.UInt128Column{Data: v[from:to]}}}
	case []time.Time:
		data := &vizierpb.Time64NSColumn{}
		for _, t := range v[from:to] {
			data.Data = append(data.Data, t.UnixNano())
		}
		return &vizierpb.Column{ColData: &vizierpb.Column_Time64NsData{Time64NsData: data}}
	case []float64:
		return &vizierpb.Column{ColData: &vizierpb.Column_Float64Data{Float64Data: &vizierpb.Float64Column{Data: v[from:to]}}}
	case []string:
		data := &vizierpb.StringColumn{}
		for _, s := range v[from:to] {
			data.Data = append(data.Data, []byte(s))
		}
		return &vizierpb.Column{ColData: &vizierpb.Column_StringData{StringData: data}}
	}
	return &vizierpb.Column{}
}
